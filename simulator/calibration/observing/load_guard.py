"""Decides whether a level ends before its time: because the service is saturated, fails, or runs out of memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simulator.replay.progress import ProgressView

# With fewer responses a share of errors means little.
_RESPONSES_MIN: Final = 20
_WINDOW_S: Final = 5.0  # the rates of a view are means over this time


@dataclass(frozen=True, slots=True)
class LoadGuard:
    """The limits of a level. Times are seconds of the level's run.

    `earliest_s`: no level ends before, so that it measures something. `until_s`: end of the requests. `drain_s`: time
    after the last request in which those in progress may end; without their outcome they are lost, and it is not known
    that they were sent.
    """

    earliest_s: float
    until_s: float
    in_flight_max: int
    memory_limit_bytes: float
    drain_s: float = 20.0
    error_share_max: float = 0.5
    memory_share_max: float = 0.95
    in_flight_share_max: float = 0.95

    def reason(self, view: ProgressView, memory_bytes: float) -> str:
        """Return why no further request is sent; empty if the level goes on. `memory_bytes` is NaN if it is unknown."""
        if view.now_s >= self.until_s:
            return ""
        if not math.isnan(memory_bytes) and memory_bytes >= self.memory_share_max * self.memory_limit_bytes:
            used = memory_bytes / self.memory_limit_bytes
            return f"memory: {used:.0%} of the limit is in use"
        if view.now_s < self.earliest_s:
            return ""
        if view.in_flight >= self.in_flight_share_max * self.in_flight_max:
            return f"saturated: {view.in_flight} requests in progress"
        ended_rps = view.served_rps + view.failed_rps
        if ended_rps * _WINDOW_S >= _RESPONSES_MIN and view.failed_rps > self.error_share_max * ended_rps:
            return f"error storm: {view.failed_rps / ended_rps:.0%} of the responses are errors"
        return ""

    def is_overdue(self, now_s: float, ended_s: float) -> bool:
        """Return True if requests are in progress too long after `ended_s`, when the last one was sent."""
        return now_s >= ended_s + self.drain_s
