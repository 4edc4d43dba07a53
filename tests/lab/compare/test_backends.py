"""The choice of a backend: a single run by its own length, one of many runs by the length of all."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.backend_names import AUTO, COMPILED, EVENT_LOOP
from simulator.lab.compare.backends import kind_of
from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.compare import Plan
from simulator.scenario.scenario import load_scenario
from tests.lab.compare.compare_scenarios import closed, step


def test_many_short_runs_choose_the_compiled_backend(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    scenario = load_scenario(step(tmp_path))

    assert kind_of(AUTO, scenario).name == EVENT_LOOP
    assert kind_of(AUTO, scenario, runs=10_000).name == COMPILED
    assert kind_of(EVENT_LOOP, scenario, runs=10_000).name == EVENT_LOOP


def test_a_scenario_that_the_compiled_backend_cannot_play_has_the_event_loop_for_any_number_of_runs(
    tmp_path: Path,
) -> None:
    assert kind_of(AUTO, load_scenario(closed(tmp_path)), runs=10**6).name == EVENT_LOOP


def test_every_task_of_a_comparison_has_the_number_of_runs_of_its_scenario(tmp_path: Path) -> None:
    candidates = candidates_of(["app-runner", "knative"], [], {})
    plan = Plan([step(tmp_path)], candidates, baseline="knative", seeds=5)

    runs = 5 * len(plan.all_candidates)  # including those of the oracles
    assert {task.runs for task in plan.tasks()} == {runs}
    assert len(plan.tasks()) == runs
