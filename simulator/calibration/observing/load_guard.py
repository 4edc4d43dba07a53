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
    after that in which requests in progress may end. `patience_s`: a saturated level goes on if it ends within this
    time, because the requests that are in progress at an early end are lost: neither their times nor that they were
    sent can be used.
    """

    earliest_s: float
    until_s: float
    in_flight_max: int
    memory_limit_bytes: float
    drain_s: float = 5.0
    error_share_max: float = 0.5
    memory_share_max: float = 0.95
    in_flight_share_max: float = 0.95
    patience_s: float = 15.0

    def reason(self, view: ProgressView, memory_bytes: float) -> str:
        """Return why the level ends now; empty if it goes on. `memory_bytes` is NaN if it is unknown."""
        if not math.isnan(memory_bytes) and memory_bytes >= self.memory_share_max * self.memory_limit_bytes:
            used = memory_bytes / self.memory_limit_bytes
            return f"memory: {used:.0%} of the limit is in use"
        if view.now_s >= self.until_s + self.drain_s:
            return f"{view.in_flight} requests did not end within {self.drain_s:g} s after the last one was sent"
        if view.now_s < self.earliest_s:
            return ""
        is_full = view.in_flight >= self.in_flight_share_max * self.in_flight_max
        if is_full and view.now_s < self.until_s - self.patience_s:
            return f"saturated: {view.in_flight} requests in progress"
        ended_rps = view.served_rps + view.failed_rps
        if ended_rps * _WINDOW_S >= _RESPONSES_MIN and view.failed_rps > self.error_share_max * ended_rps:
            return f"error storm: {view.failed_rps / ended_rps:.0%} of the responses are errors"
        return ""
