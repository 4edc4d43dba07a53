"""CPU utilization of the instances of a service: what each used since it was last read."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

from simulator.telemetry.cloudwatch.platform_view import InstanceReading

# ASSUMPTION: how often App Runner samples its instances is not published. Every ten seconds is cheap enough for a
# thousand instances; the sample count of CPUUtilization of a minute would settle it.
LOOK_EVERY_S: Final = 10
_LOOKED_S_MIN: Final = 1.0  # seconds; CPU usage over a shorter time is not meaningful


class CpuReading(NamedTuple):
    """A reading with the used share of the instance's vCPUs since it was last read, from 0 to 1.

    None for the first reading of an instance that existed before the run.
    """

    instance: InstanceReading
    utilization: float | None


class CpuReadings:
    """Remembers when each instance of a service was last read, and its CPU time then."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float]] = {}

    def read(self, readings: Iterable[InstanceReading], now_s: float) -> list[CpuReading]:
        """Return those of instances that were last read, or started, a second ago or more. `readings`: of all."""
        found, seen = [], {}
        for reading in readings:
            since_s, cpu_s = self._last.get(reading.instance_id, (now_s - reading.age_s, 0.0))
            if now_s - since_s < _LOOKED_S_MIN:
                seen[reading.instance_id] = (since_s, cpu_s)
                continue
            seen[reading.instance_id] = (now_s, reading.usage.cpu_s)
            used_s = max(0.0, reading.usage.cpu_s - cpu_s)
            is_known = math.isfinite(since_s)  # CPU time from before the run has no time that it was used in
            found.append(CpuReading(reading, used_s / ((now_s - since_s) * reading.size.vcpu) if is_known else None))
        self._last = seen
        return found
