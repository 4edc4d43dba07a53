"""The Kubernetes HPA over two days, as measured by J. Thompson in 2020 (facts validation-2 V10).

Locust users send requests with three load levels (day.py). The mean latency of the lowest level gives the CPU time of a
request, so that figure is not a finding. All others are predictions.

The day is played twice: with equal requests, and with the CPU time of each round of 5 minutes as its recorded latency
gives it (hpa_costs.py), from which the replicas of the highest level and their changes are predicted.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from functools import partial
from typing import Final

from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject, relative
from simulator.lab.validate.ground_truth import rows
from simulator.lab.validate.measured.kubernetes import hpa_costs
from simulator.lab.validate.measured.kubernetes.day import DAY_H, HOUR_S, LEVELS, ROUND_S, ROUNDS, day_text, stages_of
from simulator.lab.validate.measured.played import PlayedScenario

SOURCE: Final = "jthomperoo/custom-pod-autoscaler-experiments @f065bee7"
_FOLDER: Final = "hpa_experiments"
# The kubelets' current usage (metrics-server 0.3) covers a housekeeping interval.
USAGE_S: Final = 10.0
# V10 recorded the replicas every 75 s.
NOTED_S: Final = 75.0
_AT_40_USERS: Final = (
    "with 40 users a request cost more CPU time than with 15, as the latency shows: three times as many pods share the "
    "cores of the nodes; a later figure has the recorded cost"
)
_BAND: Final = (
    "any count within 10 % of the proportional one is left as it is by the HPA's tolerance, so which of them stays "
    "depends on the step before"
)
_CHANGES: Final = (
    "the cost of a request varied for minutes at a time: with 15 users the mean latencies of 5 minutes have a standard "
    "deviation of 34 ms in the record and of 5 ms here; a later figure has the recorded cost"
)
# Changes of the replica count between records; the mean of 38 and 42 per day.
CHANGES: Final = 40


@functools.cache
def day() -> PlayedScenario:
    """Play V10 once with equal requests."""
    return PlayedScenario(day_text(f"[{{name: locust, closed: {stages_of([True] * ROUNDS)}}}]", USAGE_S))


def levels() -> list[Finding]:
    """Return the findings of case V10: rates, latencies and replicas of the levels, and the changes per day."""
    played, found = day(), []
    for level in LEVELS:
        begin_s, end_s = level.begin_h * HOUR_S, level.end_h * HOUR_S
        rate, latency = played.rate_rps(begin_s, end_s), played.mean_latency_s(begin_s, end_s)
        replicas = played.mean_replicas(begin_s, end_s)
        found.append(relative(f"requests/s, {level.name}", level.rate_rps, rate, 0.01))
        if level.users > LEVELS[0].users:
            found.append(relative(f"mean latency, {level.name}", level.latency_s, latency, 0.08, _AT_40_USERS))
        found.append(relative(f"mean replicas, {level.name}", level.replicas, replicas, 0.05, _AT_40_USERS))
    changes = hpa_costs.changes(played, NOTED_S)
    found.append(relative("changes of the replicas in a day", CHANGES, changes, 0.4, _CHANGES))
    costly = hpa_costs.day()
    for level in LEVELS:
        replicas = costly.mean_replicas(level.begin_h * HOUR_S, level.end_h * HOUR_S)
        found.append(relative(f"mean replicas, {level.name}, recorded cost", level.replicas, replicas, 0.05, _BAND))
    changes = hpa_costs.changes(costly, NOTED_S)
    return [*found, relative("changes in a day, recorded cost", CHANGES, changes, 0.4)]


def day_curves() -> Sequence[Curve]:
    """Return the curves of case V10: replicas and latency over the first day."""
    published = [(float(row["hour"]), float(row["replicas"])) for row in _series("replicas")]
    latency = [(float(row["hour"]), float(row["avg_ms"])) for row in _series("latency")]
    played = hpa_costs.day()
    hours = [place * NOTED_S / HOUR_S for place in range(round(DAY_H * HOUR_S / NOTED_S))]
    replicas = [(hour, float(played.replicas.at(hour * HOUR_S))) for hour in hours]
    bins = [number * ROUND_S for number in range(1, ROUNDS)]
    means = [(at_s / HOUR_S, 1000 * played.mean_latency_s(at_s - ROUND_S, at_s)) for at_s in bins]
    return [
        Curve("Two days, the first: replicas", "hours", "replicas", tuple(published), tuple(replicas)),
        Curve("The same: mean latency", "hours", "ms, means of 5 min", tuple(latency), tuple(means)),
    ]


def _series(name: str) -> list[dict[str, str]]:
    """Return the rows of the first day of a series of V10."""
    return [row for row in rows(f"{_FOLDER}/hpa_long_{name}_2020.csv") if float(row["hour"]) < DAY_H]


def cases() -> list[Case]:
    case = partial(Case, source=SOURCE, subject=Subject.KUBERNETES, evidence=Evidence.MEASUREMENT, dated="2020")
    return [
        case(
            "V10",
            "HPA, two days with three levels",
            run=levels,
            set_up="15, 25 and 40 Locust users that wait 3 to 5 s, in rounds of 5 min; CPU request 200m, limit 500m, "
            "HPA at 50 %, 1 to 20 replicas, all other settings as by default.",
            curves=day_curves,
        ),
    ]
