"""The Kubernetes HPA over two days, as measured by J. Thompson in 2020 (facts validation-2 V10).

A pod is a fixed CPU loop (`hpa-example`) with a CPU request of 200m, a limit of 500m and an HPA at 50 % of the request.
Locust users send requests with three load levels.

The CPU time of a request is not published. 0.117 s gives the measured mean latency of the lowest level, 0.264 s, with
the quota of 50 ms per 100 ms on the two threads of a core; so that figure is not a finding. All others are predictions.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject, relative
from simulator.lab.validate.ground_truth import rows
from simulator.lab.validate.measured.played import PlayedScenario

SOURCE: Final = "jthomperoo/custom-pod-autoscaler-experiments @f065bee7"
_FOLDER: Final = "hpa_experiments"
_HOUR_S: Final = 3600.0
# The clock of the plots is about 0.6 h late: the load changes at 9.62, 12.62, 15.62 and 17.62 h (V10).
PLOT_LATE_H: Final = 0.62
# ASSUMPTION: metrics-server is Kubernetes' add-on of that time (0.3), which asks the kubelets every 30 s
# (kubernetes/kubernetes 1.14, cluster/addons/metrics-server/metrics-server-deployment.yaml: --metric-resolution=30s;
# read) and passes on their current usage, which covers the 10 s of a housekeeping interval; later releases ask every
# 15 s and cover the whole interval. The cluster's manifests would settle it.
METRIC_PERIOD_S: Final = 30.0
USAGE_S: Final = 10.0
# V10 recorded the replicas every 75 s.
NOTED_S: Final = 75.0
ROUND_S: Final = 300.0
_DAY_H: Final = 24

# ASSUMPTION: the nodes' processors are hardware threads, two per core, as on most clouds (EC2's threads per core are 2
# by default), and both threads do 1.3 times the work of one (Intel: Hyper-Threading gains up to 30 %), so each has 65 %
# of its speed alone. The nodes' type would settle it.
SHARED_CORE_SPEED: Final = 0.65
POD: Final = f"""
    cpu: 0.5
    memory: 1GB
    max_concurrency: 200
    balancing: random          # kube-proxy chooses an endpoint at random
    overflow: {{mode: queue, wait: 60s, queue: 10000}}
    application:
      simulated:
        start_up: 1s           # Apache in a container whose image is on the node
        cpu: 117ms
        cpu_quota: {{shared_core_speed: {SHARED_CORE_SPEED}}}
"""


class LoadLevel(NamedTuple):
    """A load level of V10. `begin_h` and `end_h`: on the clock of the plots; the figures are means of the two days."""

    name: str
    users: int
    begin_h: float
    end_h: float
    rate_rps: float
    latency_s: float
    replicas: float


LEVELS: Final = (
    LoadLevel("15 users", 15, 1.0, 9.5, 3.51, 0.264, 5.06),
    LoadLevel("25 users", 25, 9.85, 12.55, 5.81, 0.288, 8.105),
    LoadLevel("40 users", 40, 15.9, 17.55, 9.33, 0.296, 14.445),
    LoadLevel("15 users, evening", 15, 18.0, 24.0, 3.51, 0.264, 5.02),
)
_AT_40_USERS: Final = (
    "with 40 users a request cost more CPU time than with 15, as the latency shows: three times as many pods share the "
    "cores of the nodes, and here only the requests of one pod share a core"
)
_CHANGES: Final = (
    "the cost of a request varied for minutes at a time, which is not modelled: with 15 users the means of 5 minutes "
    "have a standard deviation of 34 ms in the record and of 5 ms here, although the load is the same; most measured "
    "changes add one replica for the 5 minutes of the stabilisation, or remove one after 5 cheap minutes"
)
# Changes of the replica count between records; the mean of 38 and 42 per day.
CHANGES: Final = 40


def _users_at(hour: float) -> tuple[int, int]:
    """Return (users, users started per second) of the round that begins at this hour of the experiment."""
    if 9 <= hour < 12:
        return 25, 4
    if 15 <= hour < 17:
        return 40, 20
    return 15, 3


def _day_text() -> str:
    """Return the scenario of a day on the clock of the plots, which begins with 0.62 h of the lowest level."""
    stages = []
    for number in range(round(_DAY_H * _HOUR_S / ROUND_S)):
        users, hatched = _users_at(number * ROUND_S / _HOUR_S - PLOT_LATE_H)
        hatch_s = users / hatched
        stages.append("{duration: 0s, target: 0}")
        stages.append(f"{{duration: {hatch_s:g}s, target: {users}}}")
        stages.append(f"{{duration: {ROUND_S - hatch_s:g}s, target: {users}}}")
    return f"""
duration: {_DAY_H} h
services:
  pod:
    min_size: 1
    max_size: 20
    policy: {{name: hpa, target: 0.5, vcpus: 0.2, metric_period: {METRIC_PERIOD_S:g}s, metric_window: {USAGE_S:g}s}}
{POD}
traffic:
  - name: locust
    closed: {{users: 0, begin: request, think_time: {{uniform: {{low: 3s, high: 5s}}}}, stages: [{", ".join(stages)}]}}
"""


@functools.cache
def day() -> PlayedScenario:
    """Play V10 once."""
    return PlayedScenario(_day_text())


def levels() -> list[Finding]:
    """Return the findings of case V10: rates, latencies and replicas of the levels, and the changes per day."""
    played, found = day(), []
    for level in LEVELS:
        begin_s, end_s = level.begin_h * _HOUR_S, level.end_h * _HOUR_S
        rate, latency = played.rate_rps(begin_s, end_s), played.mean_latency_s(begin_s, end_s)
        replicas = played.mean_replicas(begin_s, end_s)
        found.append(relative(f"requests/s, {level.name}", level.rate_rps, rate, 0.01))
        if level.users > LEVELS[0].users:
            found.append(relative(f"mean latency, {level.name}", level.latency_s, latency, 0.08, _AT_40_USERS))
        found.append(relative(f"mean replicas, {level.name}", level.replicas, replicas, 0.05, _AT_40_USERS))
    noted = played.noted_replicas(_HOUR_S, _DAY_H * _HOUR_S, NOTED_S)
    changes = sum(before != after for before, after in itertools.pairwise(noted))
    return [*found, relative("changes of the replicas in a day", CHANGES, changes, 0.4, _CHANGES)]


def day_curves() -> Sequence[Curve]:
    """Return the curves of case V10: replicas and latency over the first day."""
    published = [(float(row["hour"]), float(row["replicas"])) for row in _series("replicas")]
    latency = [(float(row["hour"]), float(row["avg_ms"])) for row in _series("latency")]
    played = day()
    hours = [place * NOTED_S / _HOUR_S for place in range(round(_DAY_H * _HOUR_S / NOTED_S))]
    replicas = [(hour, float(played.replicas.at(hour * _HOUR_S))) for hour in hours]
    bins = [number * ROUND_S for number in range(1, round(_DAY_H * _HOUR_S / ROUND_S))]
    means = [(at_s / _HOUR_S, 1000 * played.mean_latency_s(at_s - ROUND_S, at_s)) for at_s in bins]
    return [
        Curve("Two days, the first: replicas", "hours", "replicas", tuple(published), tuple(replicas)),
        Curve("The same: mean latency", "hours", "ms, means of 5 min", tuple(latency), tuple(means)),
    ]


def _series(name: str) -> list[dict[str, str]]:
    """Return the rows of the first day of a series of V10."""
    return [row for row in rows(f"{_FOLDER}/hpa_long_{name}_2020.csv") if float(row["hour"]) < _DAY_H]


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
