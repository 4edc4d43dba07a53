"""Stages of a service whose capacity is known, computed by a formula instead of a run."""

from __future__ import annotations

import numpy as np

from simulator.calibration.observation.observation import LoadStage
from simulator.calibration.observation.tables import ObservedRequests
from simulator.calibration.observing.level import Level


def stage_of(
    level: Level,
    capacity_rps: float,
    *,
    latency_s: float = 0.01,
    cpu_each_s: float = np.nan,
    cpu_base: float = 0.0,
    late_s: float = 0.0,
) -> LoadStage:
    """Return the stage of a fluid queue: requests at equal intervals, served at `capacity_rps` at most.

    `cpu_base`: CPU seconds that the instance uses in a second without requests.
    """
    count = int(level.rate_rps * level.duration_s)
    sent = np.arange(count) / level.rate_rps
    ended = np.maximum(sent, np.arange(count) / capacity_rps) + latency_s
    served = int(np.sum((ended >= level.warm_up_s) & (ended < level.duration_s)))
    return LoadStage(
        number=level.number,
        rate_rps=level.rate_rps,
        duration_s=level.duration_s,
        warm_up_s=level.warm_up_s,
        requests=ObservedRequests.of(
            sent_s=sent,
            latency_s=ended - sent,
            status=np.full(count, 200),
            route=np.zeros(count),
            late_s=np.full(count, late_s),
        ),
        cpu_s=served * cpu_each_s + cpu_base * (level.duration_s - level.warm_up_s),
    )
