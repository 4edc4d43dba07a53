"""Shadows observe what the configured policy observes, and change nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.shadow import Shadows
from simulator.platform.scaling.shadow import Divergence
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord, build_report
from simulator.scenario.scenario import ScenarioSpec, load_scenario
from tests.lab.compare.compare_scenarios import step


@pytest.fixture
def scenario(tmp_path: Path) -> ScenarioSpec:
    return load_scenario(step(tmp_path))


def shadowed(scenario: ScenarioSpec, *policies: str) -> tuple[RunRecord, list[Divergence]]:
    shadows, run = Shadows(scenario, policies), Run(scenario)
    shadows.follow(run.journal)
    return play(run, signals=False), shadows.divergences


def test_a_shadow_that_is_the_acting_policy_never_differs(scenario: ScenarioSpec, tmp_path: Path) -> None:
    """`own.py` wraps the same class with the scenario's parameters, so it must decide the same in every second."""
    own = tmp_path / "own.py"
    own.write_text(
        "from simulator.rules.policies.aws.app_runner import AppRunnerParameters, AppRunnerPolicy\n"
        "class Own(AppRunnerPolicy):\n"
        "    def __init__(self, scaling):\n"
        "        super().__init__(AppRunnerParameters(4.0, start_lag_s=2.0, scale_in_delay_s=5.0, "
        "idle_after_s=10.0), scaling)\n",
        encoding="utf-8",
    )
    record, (divergence,) = shadowed(scenario, f"{own}:Own")
    assert divergence.failures == []
    decided = [(part.at_s, part.desired) for part in build_report(record).services[0].decisions]
    assert [(one.at_s, one.desired) for one in divergence.decisions] == decided
    assert (divergence.seconds, divergence.differing) == (60, 0)


def test_the_run_is_the_same_with_and_without_shadows(scenario: ScenarioSpec) -> None:
    with_them, divergences = shadowed(scenario, "knative", "hpa", "heroku", "oracle")
    assert build_report(with_them).digest == build_report(play(Run(scenario), signals=False)).digest
    assert [one.shadow for one in divergences] == ["knative", "hpa", "heroku", "oracle"]
    assert all(one.seconds == 60 for one in divergences)


def test_divergence_is_counted_in_instances(scenario: ScenarioSpec) -> None:
    fixed = scenario.with_policy("fixed")  # the run has one instance
    _, (divergence,) = shadowed(fixed, "knative")
    assert divergence.acting == "fixed"
    assert divergence.mean_difference == divergence.mean_gap  # its count was never lower
    assert divergence.most_more == max(one.desired for one in divergence.decisions) - 1
    assert divergence.differing_share is not None
    assert 0 < divergence.differing_share < 1


def test_a_shadow_gets_cpu_although_the_acting_policy_does_not_need_it(tmp_path: Path) -> None:
    path = step(tmp_path)
    text = path.read_text(encoding="utf-8").replace("io: {exponential: 200ms}", "cpu: 40ms")
    path.write_text(text.replace("max_concurrency: 4", "max_concurrency: 80"), encoding="utf-8")
    _, (divergence,) = shadowed(load_scenario(path).with_policy("fixed"), "hpa")
    assert divergence.decisions[0].desired == 2  # all CPU is used, and 80 % of it is the target


def test_a_failing_shadow_is_reported_and_keeps_its_count(scenario: ScenarioSpec, tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("class Bad:\n    def decide(self, observation):\n        return 1 / 0\n", encoding="utf-8")
    record, (divergence,) = shadowed(scenario, f"{bad}:Bad")
    assert record.complete
    assert divergence.decisions == []
    assert "policy Bad raised ZeroDivisionError" in divergence.failures[0]
