"""The recorded history of running services equals that in the report of a run."""

from __future__ import annotations

from pathlib import Path

from simulator.model.times import RunTime
from simulator.records.events import PolicyEvaluated
from simulator.records.journal import Journal
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.scaling_history import EVALUATIONS_KEPT, ScalingHistory
from simulator.rules.policies.port import Decision
from simulator.scenario.scenario import load_scenario
from tests.lab.compare.compare_scenarios import step


def test_it_has_the_decisions_and_evaluations_of_the_report(tmp_path: Path) -> None:
    run = Run(load_scenario(step(tmp_path)))
    history = ScalingHistory(run.journal)
    (service,) = build_report(play(run, signals=False)).services
    part = history.part("web", policy=service.policy, min_size=service.min_size, now_s=60.0)
    assert len(part.decisions) > 1
    assert part.decisions == service.decisions
    assert part.looks == service.looks
    assert (part.name, part.policy, part.min_size) == (service.name, service.policy, service.min_size)


def test_the_last_hour_is_kept_whole_and_older_evaluations_are_thinned() -> None:
    journal = Journal()
    history = ScalingHistory(journal)
    day_s = 86_400
    for second in range(day_s):
        journal.publish(PolicyEvaluated(RunTime(float(second)), "web", Decision(1, f"= {second}", "")))
    looks = history.part("web", policy="app-runner", min_size=1, now_s=float(day_s)).looks
    moments = [look.at_s for look in looks]
    assert moments[-EVALUATIONS_KEPT:] == [float(second) for second in range(day_s - EVALUATIONS_KEPT, day_s)]
    assert moments == sorted(set(moments))
    assert 100 < len(moments) - EVALUATIONS_KEPT <= 360
    assert all(look.formula == f"= {look.at_s:.0f}" for look in looks)


def test_deleted_services_are_forgotten() -> None:
    journal = Journal()
    history = ScalingHistory(journal)
    for name in ("web", "gone"):
        journal.publish(PolicyEvaluated(RunTime(1.0), name, Decision(1, "= 1", "")))
    history.forget_others({"web"})
    kept = {name: history.part(name, policy="fixed", min_size=1, now_s=2.0).looks for name in ("web", "gone")}
    assert [len(looks) for looks in kept.values()] == [1, 0]
