"""The meter of requests that are sent one at a time: reads the usage of the instance before and after each."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.calibration.observation.tables import Column, UnloadedRequests
from simulator.calibration.observing.instance_usage import UNKNOWN_USAGE, instance_usage
from simulator.calibration.observing.level import REST_S
from simulator.fleet.ports import ResourceUsage
from simulator.model.instance import InstanceState
from simulator.model.times import RunTime
from simulator.platform.platform import Platform
from simulator.records.events import InstanceMoved, UserPaused
from simulator.records.journal import Journal
from simulator.records.request_log import Chunk
from simulator.replay.run_context import PlatformOpened, RunEnded
from simulator.world.tasks import until

# The usage is read so long before a request: two steps of a live loop's clock, and the reading.
LEAD_S: Final = 0.002
# What an application does after its last response ends within this time; then its usage without requests is measured.
SETTLE_S: Final = 0.5
IDLE_S: Final = 2.0
_IDLE_EVERY_S: Final = 0.25
_DIGITS: Final = 6  # microseconds
_TICK_S: Final = 0.01  # the resolution of CPU times in /proc


@dataclass(slots=True)
class _Alone:
    """A request: the time and the usage before it, at its response, and just before the next one."""

    source: int
    before_s: float
    before: ResourceUsage
    answered_s: float
    answered: ResourceUsage
    after_s: float = math.nan
    after: ResourceUsage = UNKNOWN_USAGE


class UnloadedMeter:
    """The meter for one run, whose single user requests for `seconds` after the rest. It is the reader of the run's
    rows (`RowReader`).
    """

    def __init__(self, service: str, seconds: float, journal: Journal) -> None:
        self._service = service
        self._seconds = seconds
        self._platform: Platform | None = None
        self._chunks: list[Chunk] = []
        self._requests: list[_Alone] = []
        self._before = (math.nan, UNKNOWN_USAGE)
        self._idle: list[tuple[float, float]] = []  # (time, CPU seconds) after the requests
        self._is_running = False
        self.crash = ""  # why the instance ended; empty if it did not
        journal.subscribe(PlatformOpened, self._opened)
        journal.subscribe(RunEnded, self._run_ended)
        journal.subscribe(InstanceMoved, self._moved)
        journal.subscribe(UserPaused, self._paused)

    def read(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)

    # --- the run -----------------------------------------------------------------------------------------------------

    def _opened(self, opened: PlatformOpened) -> None:
        self._platform = opened.platform
        self._is_running = True
        opened.platform.tasks.spawn(self._sample(opened.platform), "usage before and after the requests")

    def _run_ended(self, _: RunEnded) -> None:
        self._is_running = False

    def _moved(self, moved: InstanceMoved) -> None:
        if moved.after is InstanceState.STOPPED and self._is_running and not self.crash:
            self.crash = moved.why

    async def _sample(self, platform: Platform) -> None:
        await until(platform.clock.loop_s(RunTime(REST_S - LEAD_S)))
        self._read_before(platform)
        for step in range(math.ceil((SETTLE_S + IDLE_S) / _IDLE_EVERY_S) + 1):
            await until(platform.clock.loop_s(RunTime(REST_S + self._seconds + step * _IDLE_EVERY_S)))
            self._idle.append((platform.clock.at_s(), instance_usage(platform, self._service).cpu_s))

    def _paused(self, paused: UserPaused) -> None:
        platform = self._platform
        assert platform is not None, "the platform opens before the traffic"
        usage = instance_usage(platform, self._service)
        self._requests.append(_Alone(paused.source, *self._before, platform.clock.at_s(), usage))
        due_s = platform.clock.loop_s(RunTime(paused.until_s - LEAD_S))
        asyncio.get_running_loop().call_at(due_s, self._read_before, platform)

    def _read_before(self, platform: Platform) -> None:
        """Read the usage before a request, which is also that after the one before."""
        if not self._is_running:
            return
        self._before = (platform.clock.at_s(), instance_usage(platform, self._service))
        if self._requests:
            last = self._requests[-1]
            last.after_s, last.after = self._before

    # --- results -----------------------------------------------------------------------------------------------------

    @property
    def idle_share(self) -> float:
        """CPU seconds that the instance uses in a second without requests; NaN if they are unknown."""
        since_s = self._requests[-1].answered_s + SETTLE_S if self._requests else 0.0
        known = [(at_s, used_s) for at_s, used_s in self._idle if at_s >= since_s and math.isfinite(used_s)]
        if len(known) < 2 or known[-1][0] - known[0][0] < IDLE_S / 2:
            return math.nan
        return max(0.0, (known[-1][1] - known[0][1]) / (known[-1][0] - known[0][0]))

    def requests(self, warm_up_s: float, *, is_live: bool) -> UnloadedRequests:
        """Return the requests that were sent after the warm-up and before the last reading."""
        source, intended_s, latency_s, late_s, status = (
            np.concatenate([getattr(chunk, name) for chunk in self._chunks]) if self._chunks else np.zeros(0)
            for name in ("source", "intended_s", "latency_s", "late_s", "status")
        )
        # One request is in progress at a time, so both are in the order of the requests.
        complete = [request for request in self._requests if math.isfinite(request.after_s)][: len(source)]
        rows = np.arange(len(complete))
        assert [request.source for request in complete] == source[rows].tolist(), "rows and readings belong together"
        rows = rows[intended_s[rows] >= REST_S + warm_up_s]
        chosen = [complete[row] for row in rows]
        idle = 0.0 if math.isnan(self.idle_share) else self.idle_share
        used_s = np.array([request.after.cpu_s - request.before.cpu_s for request in chosen])
        if is_live and _is_in_ticks(used_s):
            used_s = np.full(len(chosen), math.nan)
        used_s[used_s < 0] = math.nan  # another instance took the place of one that ended
        elapsed_s = np.array([request.after_s - request.before_s for request in chosen])
        throttled_s = np.array([request.answered.throttled_s - request.before.throttled_s for request in chosen])
        throttled_s[throttled_s < 0] = math.nan
        return UnloadedRequests.of(
            route=source[rows].astype(np.int64),
            latency_s=np.maximum((latency_s - late_s)[rows].round(_DIGITS), 0.0),
            cpu_s=np.maximum(used_s - idle * elapsed_s, 0.0).round(_DIGITS),
            throttled_s=throttled_s.round(_DIGITS),
            status=status[rows].astype(np.int64),
        )


def _is_in_ticks(used_s: Column) -> bool:
    """Return True if the CPU times are counted in ticks, which are too coarse for single requests."""
    ticks = used_s[np.isfinite(used_s)] / _TICK_S
    return len(ticks) > 0 and bool((np.abs(ticks - np.round(ticks)) < 1e-6).all())
