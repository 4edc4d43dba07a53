"""One run of a comparison: its outcome, and errors as outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.figures import Terms
from simulator.lab.compare.play_scenario import play_virtual
from simulator.lab.compare.run import CURVE_POINTS_MAX, ServiceOutcome, Task, play_task, task_name
from simulator.replay.runner import BrokenRun, InterruptedRun
from simulator.report.report import RunRecord
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from tests.lab.compare.compare_scenarios import CLOSED, STEP

(CANDIDATE,) = candidates_of(["fixed"], [], {})
TASK = Task("step.yaml", CANDIDATE, 3, Terms(slo_s=1.0), "event-loop", with_curves=True)
BASE = read_scenario(STEP + "checks: [p95 < 10s, status_200 == 0]\n")


def outcome(task: Task = TASK, base: ScenarioSpec = BASE) -> ServiceOutcome:
    played = play_task(task, base, play_virtual)
    assert played.error == ""
    (service,) = played.services.values()
    return service


@pytest.fixture(scope="module")
def played() -> ServiceOutcome:
    return outcome()


def test_the_outcome_has_the_figures_the_steps_and_the_failed_checks(played: ServiceOutcome) -> None:
    assert played.slo_s == 1.0
    expected = 8 * 10 + 40 * 25 + 8 * 20  # after the warm-up; their number varies by its square root
    assert played.values["requests"] == pytest.approx(expected, abs=4 * expected**0.5)
    assert set(played.steps) <= set(played.values)
    assert played.failed_checks == ("status_200 == 0",)
    assert sum(line.usd for line in played.month) == pytest.approx(played.values["month_usd"])


def test_curves_have_the_demand_and_what_was_ready_in_every_second(played: ServiceOutcome) -> None:
    curves = played.curves
    assert curves is not None
    assert curves.width_s == 1
    assert len(curves.demand) == len(curves.ready) == 60
    assert np.mean(curves.demand[16:39]) > np.mean(curves.demand[:14])
    assert outcome(replace(TASK, with_curves=False)).curves is None


def test_a_curve_of_a_long_run_has_no_more_points_than_a_chart() -> None:
    long = read_scenario(STEP.replace("duration: 60s", "duration: 8 min"))
    curves = outcome(TASK, long).curves
    assert curves is not None
    assert len(curves.demand) <= CURVE_POINTS_MAX
    assert len(curves.demand) * curves.width_s == pytest.approx(480, abs=curves.width_s)


def test_the_same_task_gives_the_same_outcome_and_another_seed_another(played: ServiceOutcome) -> None:
    assert outcome() == played
    assert outcome(replace(TASK, seed=4)).values != played.values


def test_users_that_wait_for_answers_have_no_demand_that_is_known() -> None:
    closed = outcome(TASK, read_scenario(CLOSED))
    assert (closed.curves, closed.elasticity, closed.basis) == (None, None, "")


def failing(error: Exception) -> Callable[[ScenarioSpec], RunRecord]:
    def play(_: ScenarioSpec) -> RunRecord:
        raise error

    return play


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (BrokenRun("the service did not start", expected=True), "the service did not start"),
        (OSError("disk full"), "disk full"),
        (InterruptedRun(), "interrupted before it began"),
        (KeyError("lost"), "KeyError: 'lost'"),
    ],
)
def test_an_error_is_the_outcome_of_its_run(error: Exception, told: str) -> None:
    answer = play_task(TASK, BASE, failing(error))
    assert (answer.services, answer.error) == ({}, told)


def test_progress_names_the_candidate_and_the_seed() -> None:
    assert task_name(TASK) == f"{CANDIDATE.label}, seed 3"
