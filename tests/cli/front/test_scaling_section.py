"""The `scaling` section of the configuration of `simulator serve`."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli.platform.serve_config import load_config, with_options
from simulator.platform.service_workload import WorkloadSettings
from simulator.scenario.problems import ScenarioError


def workload(folder: Path, text: str, **options: object) -> WorkloadSettings:
    file = folder / "serve.yaml"
    file.write_text(text, encoding="utf-8")
    return with_options(load_config(file), **options).serving(folder, "unix:///engine").workload


def test_without_a_section_services_scale_and_balance_as_app_runner_does(tmp_path: Path) -> None:
    made = workload(tmp_path, "version: 1")
    assert (made.policy.name, made.balancing) == ("app-runner", "least-outstanding")


def test_a_policy_may_have_parameters_and_an_option_replaces_it(tmp_path: Path) -> None:
    text = "scaling: {policy: {name: fixed, instances: 3}}\nfront: {balancing: round-robin}"
    made = workload(tmp_path, text)
    assert (made.policy.name, made.balancing) == ("fixed", "round-robin")
    other = workload(tmp_path, text, scaling_policy="knative", front_balancing="random")
    assert (other.policy.name, other.balancing) == ("knative", "random")


def test_a_policys_file_is_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("class Own:\n    def decide(self, observation):\n        return 2\n", "utf-8")
    assert workload(tmp_path, "scaling: {policy: own.py:Own}").policy.file == tmp_path / "own.py"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scaling: {policy: knativ}", "knative"),
        ("scaling: {policy: {name: knative, windo: 60s}}", "scaling.policy.windo"),
        ("scaling: {on_policy_error: ignore}", "scaling.on_policy_error"),
        ("front: {balancing: fastest}", "front.balancing"),
    ],
)
def test_a_wrong_value_is_reported_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        workload(tmp_path, text)
    assert told in str(caught.value)


def test_shadows_are_policies_that_do_not_act(tmp_path: Path) -> None:
    text = "scaling: {shadows: [knative, {name: fixed, instances: 2}]}"
    assert [choice.name for choice in workload(tmp_path, text).shadows] == ["knative", "fixed"]
    assert [choice.name for choice in workload(tmp_path, text, scaling_shadows=("hpa",)).shadows] == ["hpa"]
    with pytest.raises(ValueError, match="shadow = 'fixed', must be given once"):
        workload(tmp_path, text.replace("knative", "fixed"))
