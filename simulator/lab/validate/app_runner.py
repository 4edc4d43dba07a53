"""The public load test of App Runner, played by the whole platform, and the worked examples of its price page.

Cases 29 to 31 (ground_truth/apprunner_loadtest_2023_NOTICE.txt): an application that sleeps 80 ms, MaxConcurrency 10, a
constant arrival rate. The shipped scenario plays both tests in one run: the services `single-50` to `single-250` with
at most one instance, and `ladder` with up to five. Tolerances of the validation sheet: error rate within 5 percentage
points, lag within 10 s.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject
from simulator.lab.validate.ground_truth import rows
from simulator.model.sizes import InstanceSize
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report, ServicePart
from simulator.rules.pricing import (
    HOURS_PER_MONTH,
    SECONDS_PER_HOUR,
    InstanceUsage,
    Rates,
    bill,
    metered,
    month_of_rounded_days,
)
from simulator.rules.region_prices import rates_of
from simulator.scenario.scenario import load_scenario
from simulator.scenario.shipped import shipped_scenarios

LOSS_TOLERANCE: Final = 0.05
LAG_TOLERANCE_S: Final = 10.0
# Case 30, from the note on the vector: all failures of the first step were in its first 58 s, 38.8 % of the requests.
STEP_S: Final = 180.0
LOSSY_S: Final = 58.0
LOSSY_RATIO: Final = 0.388
# What the plots show beyond the error rate (facts 19.4), and why no mechanism is assumed for it.
SLOW_PHASES: Final = 2  # near 60 s and 100 s of the plot's time axis
SLOW_UNEXPLAINED: Final = (
    "unexplained: the axis is compressed (losses that end at 58 s are drawn at 40 to 45 s), so the phases were near 80 "
    "s and 135 s, which no period or limit of App Runner fits; replacing an instance would have rejected requests, or "
    "nothing would show if its successor starts first, and no request failed then"
)
LONGEST_S: Final = 16.0  # "up to 16 s", for single answers
LONGEST_UNEXPLAINED: Final = (
    "unexplained: a queue of 16 s would hold 2,000 requests at 125 a second, which would leave 21 % of losses where 45 "
    "% were measured; the retransmissions of a TCP connection's first packet after 1, 2, 4 and 8 s would fit, but the "
    "plots do not show whether answers of 1, 3 and 7 s exist too"
)

LOAD_TEST: Final = "Antvirf/aws-app-runner-scale-test @488b56fa, read off its plots"
PRICE_PAGE: Final = "aws.amazon.com/apprunner/pricing"


@dataclass(frozen=True, slots=True)
class LoadPhase:
    """A row of the vector: one constant rate. `begin_s`: seconds since the start of its test."""

    test: str
    rate_rps: int
    begin_s: float
    end_s: float
    requests: int
    error_rate: float

    def __str__(self) -> str:
        return f"{self.test}-{self.rate_rps}"

    @property
    def service(self) -> str:
        """The service of the shipped scenario that plays this row."""
        return str(self) if self.test == "single" else self.test


def phases() -> Iterator[LoadPhase]:
    """Return all phases, in the order of the vector."""
    begin_s = 0.0
    for row in rows("apprunner_loadtest_2023.csv"):
        begin_s = begin_s if row["test"] == "ladder" else 0.0
        end_s = begin_s + float(row["phase_s"])
        requests, failures = int(row["requests"]), int(row["failures_read_off_plot"])
        yield LoadPhase(row["test"], int(row["offered_rps"]), begin_s, end_s, requests, failures / requests)
        begin_s = end_s if row["test"] == "ladder" else 0.0


@functools.cache
def load_test() -> Report:
    """Play the shipped scenario once."""
    return build_report(play(Run(load_scenario(shipped_scenarios()["app-runner-load-test"])), signals=False))


def service_of(report: Report, name: str) -> ServicePart:
    return next(service for service in report.services if service.name == name)


def lost_and_offered(service: ServicePart, begin_s: float, end_s: float) -> tuple[int, int]:
    """Return the requests (rejected, offered) within [begin_s, end_s). Both must be edges of the report's bins."""
    series = service.series
    first, last = begin_s / series.width_s, end_s / series.width_s
    assert first.is_integer(), first
    assert last.is_integer(), last
    bins = slice(int(first), int(last))
    return sum(series.rejected[bins]), sum(series.offered[bins])


def losses(test: str) -> list[Finding]:
    """Return the findings of cases 29 and 31: the error rate in every phase of a test."""
    found = []
    for phase in phases():
        if phase.test == test:
            lost, offered = lost_and_offered(service_of(load_test(), phase.service), phase.begin_s, phase.end_s)
            found.append(Finding(f"error rate at {phase.rate_rps}/s", phase.error_rate, lost / offered, LOSS_TOLERANCE))
    return found


def first_step() -> list[Finding]:
    """Return the findings of case 30: the error rate until the first step is served, and the time at which it is."""
    ladder = service_of(load_test(), "ladder")
    lost, offered = lost_and_offered(ladder, 0, LOSSY_S)
    return [
        Finding("error rate until the step is served", LOSSY_RATIO, lost / offered, LOSS_TOLERANCE),
        Finding("seconds until the step is served", LOSSY_S, last_loss_s(ladder), LAG_TOLERANCE_S),
    ]


def last_loss_s(ladder: ServicePart) -> float:
    """Return the end of the last second of the first step in which a request was rejected."""
    width_s = ladder.series.width_s
    lossy = [(place + 1) * width_s for place, rejected in enumerate(ladder.series.rejected) if rejected]
    return max((at_s for at_s in lossy if at_s <= STEP_S), default=0.0)


def ladder() -> list[Finding]:
    """Return the findings of case 31: those of the error rate, and the phases of slower answers after the losses."""
    return [
        *losses("ladder"),
        Finding("phases of slower answers after the losses", SLOW_PHASES, slow_phases(), explanation=SLOW_UNEXPLAINED),
    ]


def slow_phases() -> int:
    """Return in how many intervals after the first losses the p95 of the ladder is at least twice its median."""
    series = service_of(load_test(), "ladder").series
    p95s = [value for value in series.p95_s[int(LOSSY_S / series.width_s) :] if value is not None]
    return rises(p95s)


def rises(values: Sequence[float]) -> int:
    """Return in how many intervals of a series the values are at least twice its median."""
    limit = 2 * statistics.median(values)
    slow = [value >= limit for value in values]
    return sum(now and not before for before, now in pairwise([False, *slow]))


def single() -> list[Finding]:
    """Return the findings of case 29: those of the error rate, and the longest answer at 200/s."""
    longest_s = service_of(load_test(), "single-200").requests.latency.max_s
    assert longest_s is not None, "requests were served"
    longest = Finding("longest answer at 200/s, seconds", LONGEST_S, longest_s, 1.0, LONGEST_UNEXPLAINED)
    return [*losses("single"), longest]


def price_examples() -> list[Finding]:
    """Check the two examples of the page, a month of 30 rounded days each, and months computed from its rates."""
    one, hour_s = InstanceSize(1024, 2048), SECONDS_PER_HOUR
    test_app = _usd([InstanceUsage(2 * hour_s, [(0, 2 * hour_s)], one)])
    light_api = _usd([InstanceUsage(24 * hour_s, [(0, 8 * hour_s)], one)])
    month_s = HOURS_PER_MONTH * hour_s
    tokyo = rates_of("ap-northeast-1")
    return [
        Finding("example 1, USD a month", 4.80, month_of_rounded_days(test_app), 1e-9),
        Finding("example 2, USD a month", 25.50, month_of_rounded_days(light_api), 1e-9),
        Finding("1 vCPU / 2 GB idle, USD a month", 10.22, _usd([InstanceUsage(month_s, [], one)]), 1e-6),
        Finding("the same always active", 56.94, _usd([InstanceUsage(month_s, [(0, month_s)], one)]), 1e-6),
        Finding("the same in Tokyo", 72.27, _usd([InstanceUsage(month_s, [(0, month_s)], one)], tokyo), 1e-6),
    ]


def single_curve() -> list[Curve]:
    """Return the curve of case 29: the share of lost requests by the rate, for one instance."""
    points = [(phase.rate_rps, phase.error_rate) for phase in phases() if phase.test == "single"]
    simulated = [(rate, finding.measured) for (rate, _), finding in zip(points, losses("single"), strict=True)]
    title = "One instance: requests that fail"
    return [Curve(title, "requests/s", "share of the requests", tuple(points), tuple(simulated))]


def cases() -> list[Case]:
    set_up = "An application that sleeps 80 ms, MaxConcurrency 10, a constant rate"
    test = partial(Case, source=LOAD_TEST, subject=Subject.APP_RUNNER, evidence=Evidence.MEASUREMENT, dated="2023")
    return [
        test(
            "29",
            "One instance",
            run=single,
            set_up=f"{set_up} for 60 s, at most one instance.",
            curves=single_curve,
        ),
        test(
            "30",
            "Step overload",
            run=first_step,
            set_up=f"{set_up} of 200/s from about one active instance on, at most five.",
        ),
        test(
            "31",
            "Ladder",
            run=ladder,
            set_up=f"{set_up} that rises in steps of three minutes, at most five instances.",
        ),
        Case(
            "13.3",
            "The price page's examples",
            PRICE_PAGE,
            price_examples,
            Subject.APP_RUNNER,
            Evidence.PRICES,
            "2026",
            "Months of 30 rounded days, and of 730 hours at the page's rates.",
        ),
    ]


def _usd(usages: Sequence[InstanceUsage], rates: Rates | None = None) -> float:
    return bill(metered(usages), rates or rates_of("us-east-1")).usd
