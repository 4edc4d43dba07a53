"""The public load test of App Runner through the whole platform, with the default parameters of `app-runner`.

Validation cases 29 to 31 (vectors/apprunner_loadtest_2023_NOTICE.txt): an application that sleeps 80 ms, MaxConcurrency
10, a constant arrival rate. The shipped scenario plays both of its tests in one run: `single-50` to `single-250`, one
instance at most, and `ladder`, up to five. Tolerances are those of the
validation sheet: loss within 5 points, lag within 10 s.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator.replay.report import build_report
from simulator.replay.report_schema import Report, ServicePart
from simulator.replay.runner import Run, play
from simulator.replay.scenario import load_scenario
from simulator.replay.shipped import shipped_scenarios

LOSS_TOLERANCE = 0.05
LAG_TOLERANCE_S = 10.0

# Case 30, from the note of the vector: all failures of the first step came in its first 58 s and were 38.8 % there.
STEP_S = 180.0
LOSSY_S = 58.0
LOSSY_RATIO = 0.388


@dataclass(frozen=True)
class Phase:
    """A row of the vector: one steady rate. `begin_s` counts from the start of its test."""

    test: str
    rate_rps: int
    begin_s: float
    end_s: float
    requests: int
    failure_ratio: float

    def __str__(self) -> str:
        return f"{self.test}-{self.rate_rps}"


def _phases() -> Iterator[Phase]:
    begin_s = 0.0
    with (Path(__file__).parent / "vectors" / "apprunner_loadtest_2023.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            begin_s = begin_s if row["test"] == "ladder" else 0.0
            end_s = begin_s + float(row["phase_s"])
            requests, failures = int(row["requests"]), int(row["failures_read_off_plot"])
            yield Phase(row["test"], int(row["offered_rps"]), begin_s, end_s, requests, failures / requests)
            begin_s = end_s if row["test"] == "ladder" else 0.0


PHASES = list(_phases())


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report(play(Run(load_scenario(shipped_scenarios()["app-runner-load-test"]))))


def service_of(report: Report, name: str) -> ServicePart:
    return next(service for service in report.services if service.name == name)


def lost_and_offered(service: ServicePart, begin_s: float, end_s: float) -> tuple[int, int]:
    """Requests refused and offered within [begin_s, end_s), which must be edges of the report's bins."""
    series = service.series
    first, last = begin_s / series.width_s, end_s / series.width_s
    assert first.is_integer()
    assert last.is_integer()
    bins = slice(int(first), int(last))
    assert sum(series.failed) == 0, "nothing but 429 was seen in that test"
    return sum(series.refused[bins]), sum(series.offered[bins])


@pytest.mark.parametrize("phase", PHASES, ids=str)
def test_the_loss_of_every_phase_is_the_measured_one(report: Report, phase: Phase) -> None:
    service = service_of(report, str(phase) if phase.test == "single" else phase.test)
    lost, offered = lost_and_offered(service, phase.begin_s, phase.end_s)
    assert offered == phase.requests
    assert lost / offered == pytest.approx(phase.failure_ratio, abs=LOSS_TOLERANCE)


def test_the_loss_before_the_first_step_is_served_is_the_measured_one(report: Report) -> None:
    lost, offered = lost_and_offered(service_of(report, "ladder"), 0, LOSSY_S)
    assert lost / offered == pytest.approx(LOSSY_RATIO, abs=LOSS_TOLERANCE)


def test_the_first_step_is_served_when_it_was_in_the_measured_run(report: Report) -> None:
    series = service_of(report, "ladder").series
    lossy = [
        (number + 1) * series.width_s
        for number, refused in enumerate(series.refused)
        if refused and number * series.width_s < STEP_S
    ]
    assert lossy[-1] == pytest.approx(LOSSY_S, abs=LAG_TOLERANCE_S)


def test_the_instance_that_ends_the_loss_is_the_one_the_first_decision_asked_for(report: Report) -> None:
    service = service_of(report, "ladder")
    decision = next(decision for decision in service.decisions if decision.desired == 2)
    assert decision.ready_after_s is not None
    assert decision.at_s + decision.ready_after_s == pytest.approx(LOSSY_S, abs=LAG_TOLERANCE_S)


def test_the_ladder_grows_by_one_instance_a_step_and_never_shrinks(report: Report) -> None:
    # "Reproduced by a target of 0.5 to 0.79": every step finds the capacity that the one before has left behind.
    wishes = [decision.desired for decision in service_of(report, "ladder").decisions]
    assert wishes == sorted(wishes)
    assert wishes[-1] == 5
