"""The two days of V10: the pods, the three load levels and the scenario of a day (facts validation-2 V10).

A pod is a fixed CPU loop (`hpa-example`) with a CPU request of 200m, a limit of 500m and an HPA at 50 % of the request.

The CPU time of a request is not published. 0.117 s gives the measured mean latency of the lowest level, 0.264 s, with
the quota of 50 ms per 100 ms on the two threads of a core.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

HOUR_S: Final = 3600.0
# The clock of the plots is about 0.6 h late: the load changes at 9.62, 12.62, 15.62 and 17.62 h (V10).
PLOT_LATE_H: Final = 0.62
# ASSUMPTION: metrics-server is Kubernetes' add-on of that time (0.3), which asks the kubelets every 30 s
# (kubernetes/kubernetes 1.14, cluster/addons/metrics-server/metrics-server-deployment.yaml: --metric-resolution=30s;
# read) and passes on their current usage, which covers the 10 s of a housekeeping interval; later releases ask every
# 15 s and cover the whole interval. The cluster's manifests would settle it.
METRIC_PERIOD_S: Final = 30.0
ROUND_S: Final = 300.0
DAY_H: Final = 24
ROUNDS: Final = round(DAY_H * HOUR_S / ROUND_S)

# ASSUMPTION: the nodes' processors are hardware threads, two per core, as on most clouds (EC2's threads per core are 2
# by default), and both threads do 1.3 times the work of one (Intel: Hyper-Threading gains up to 30 %), so each has 65 %
# of its speed alone. The nodes' type would settle it.
SHARED_CORE_SPEED: Final = 0.65
CPU: Final = "cpu: 117ms"
POD: Final = f"""
    cpu: 0.5
    memory: 1GB
    max_concurrency: 200
    balancing: random          # kube-proxy chooses an endpoint at random
    overflow: {{mode: queue, wait: 60s, queue: 10000}}
    application:
      simulated:
        start_up: 1s           # Apache in a container whose image is on the node
        {CPU}
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


def users_at(hour: float) -> tuple[int, int]:
    """Return (users, users started per second) of the round that begins at this hour of the experiment."""
    if 9 <= hour < 12:
        return 25, 4
    if 15 <= hour < 17:
        return 40, 20
    return 15, 3


def stages_of(rounds: Iterable[bool]) -> str:
    """Return the closed shape of the users of some rounds of a day, on the clock of the plots.

    The day begins with 0.62 h of the lowest level.
    """
    stages = []
    for number, takes_part in enumerate(rounds):
        users, hatched = users_at(number * ROUND_S / HOUR_S - PLOT_LATE_H) if takes_part else (0, 1)
        hatch_s = users / hatched
        stages.append("{duration: 0s, target: 0}")
        stages.append(f"{{duration: {hatch_s:g}s, target: {users}}}")
        stages.append(f"{{duration: {ROUND_S - hatch_s:g}s, target: {users}}}")
    think = "{uniform: {low: 3s, high: 5s}}"
    return f"{{users: 0, begin: request, think_time: {think}, stages: [{', '.join(stages)}]}}"


def day_text(traffic: str, usage_s: float) -> str:
    """Return the scenario of a day; a point of metrics-server covers the last `usage_s` seconds of its period."""
    return f"""
duration: {DAY_H} h
services:
  pod:
    min_size: 1
    max_size: 20
    policy: {{name: hpa, target: 0.5, vcpus: 0.2, metric_period: {METRIC_PERIOD_S:g}s, metric_window: {usage_s:g}s}}
{POD}
traffic: {traffic}
"""
