"""The policy of the services of `serve` and `up`."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.platform.scaling.policy_choice import PolicyChoice, on_policy_failure
from simulator.rules.policies.port import Observation
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.scenario.sections.policy_spec import PolicySpec, section_of

SCALING = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=5)
NOW = Observation(now_s=12.0, ready=1, coming=0, in_flight=1, waiting=0, scaling=SCALING)


def spec(name: str, **given: object) -> PolicySpec:
    section = section_of(name)
    assert section is not None
    return section.model_validate({"name": name, **given})


def own(folder: Path, body: str, attributes: str = "tick_s = 2.0") -> str:
    file = folder / "own.py"
    file.write_text(f"class Own:\n    {attributes}\n    def decide(self, observation):\n        {body}\n", "utf-8")
    return f"{file}:Own"


def test_the_default_is_app_runners_with_the_start_lag_of_the_time_profile() -> None:
    assert PolicyChoice().build(InstanceSize(), SCALING).actuator.start_lag_s == 32.0
    instant = PolicyChoice(start_lag_s=0.0).build(InstanceSize(), SCALING)
    assert (instant.name, instant.actuator.start_lag_s, instant.actuator.activates) == ("app-runner", 0.0, True)


def test_a_start_lag_in_the_file_wins_and_a_policy_without_one_has_none() -> None:
    given = PolicyChoice(spec("app-runner", start_lag="7s"), start_lag_s=0.0)
    assert given.build(InstanceSize(), SCALING).actuator.start_lag_s == 7.0
    assert PolicyChoice("knative", start_lag_s=0.0).build(InstanceSize(), SCALING).name == "knative"


def test_a_target_share_of_the_cpu_refers_to_the_size_of_the_instance() -> None:
    """As in a scenario, the HPA's target is a share of the vCPUs of the instance."""
    assert PolicyChoice("hpa").needs == {"cpu"}
    small = InstanceSize(256, 512)
    assert spec("hpa").sized(small).vcpus == 0.25
    assert spec("hpa", vcpus=2).sized(small).vcpus == 2
    tracking = spec("target-tracking", vcpus=2).sized(small)
    assert (tracking.vcpus, tracking.memory_gb) == (2, 0.5)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("knativ", "policy = 'knativ', must be one of "),
        ("oracle", "policy = 'oracle', must be a policy that does not need the future demand"),
        ("absent.py:Own", "policy = 'absent.py:Own', must name a file that can be read: "),
    ],
)
def test_a_policy_that_cannot_act_here_is_rejected(given: str, expected: str) -> None:
    with pytest.raises(ValueError, match="policy") as caught:
        PolicyChoice(given)
    assert str(caught.value).startswith(expected)


def test_a_users_policy_has_the_platform_of_app_runner(tmp_path: Path) -> None:
    choice = PolicyChoice(own(tmp_path, "return 3"), start_lag_s=4.0)
    policy = choice.build(InstanceSize(), SCALING)
    assert (choice.name, policy.tick_s, policy.actuator.start_lag_s, policy.actuator.activates) == (
        "Own",
        2.0,
        4.0,
        True,
    )
    decision = policy.decide(NOW)
    assert decision is not None
    assert decision.desired == 3


def test_a_class_that_cannot_be_instantiated_is_rejected_before_any_service(tmp_path: Path) -> None:
    name = own(tmp_path, "return 1", "def __init__(self): self.x = 1 / 0")
    with pytest.raises(ValueError, match=r"by zero while it was made \(own.py, line 2\)"):
        PolicyChoice(name)


def test_a_failure_is_reported_and_the_desired_count_stays(tmp_path: Path) -> None:
    policy = PolicyChoice(own(tmp_path, "return 1 / 0")).build(InstanceSize(), SCALING)
    lines: list[str] = []
    on_policy_failure(policy, lines.append)
    assert policy.decide(NOW) is None
    assert "raised ZeroDivisionError: division by zero (own.py, line 4)" in lines[0]
    assert lines[0].endswith("the desired count stays as it is")


def test_a_reloaded_choice_is_another_choice_until_it_is_adopted(tmp_path: Path) -> None:
    choice = PolicyChoice(own(tmp_path, "return 2"), OnPolicyError.HOLD)
    own(tmp_path, "return 4")
    new = choice.reloaded()
    assert [_desired(choice), _desired(new)] == [2, 4]
    choice.adopt(new)
    assert _desired(choice) == 4


def _desired(choice: PolicyChoice) -> int:
    decision = choice.build(InstanceSize(), SCALING).decide(NOW)
    assert decision is not None
    return decision.desired
