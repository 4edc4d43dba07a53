"""The service discipline of a simulated instance: requests in flight share the CPU, and workers are limited.

A request first waits for a worker (if the application has a limit), then needs `cpu_s` seconds of CPU, then waits
`io_s` seconds for I/O; it occupies its worker until the end. CPU is capacitated processor sharing: with n requests
computing on C vCPUs each runs at rate min(1, C/n), since a request is one thread. Exponential CPU times without a
worker limit give the occupancy of M/M/C (facts validation 2.1); C = 1 and no I/O is M/G/1-PS. An application may use
the CPU otherwise: request after request, on fewer processors, with losses (cpu_use.py).

Theory: virtual work. Let V grow at the rate at which each computing request proceeds. A request that needs c more
seconds ends when V has grown by c, whichever requests arrive or leave before that. So a heap ordered by final V
replaces updating every request at every event.
"""

from __future__ import annotations

import math
from collections import deque
from heapq import heappop, heappush
from typing import Generic, TypeVar

from simulator.rules.stations.cpu_use import ALL_SHARED, CpuUse, slowdown

Job = TypeVar("Job")

# A request whose remaining time is below this is complete: smaller remainders are rounding errors of V. A nanosecond is
# a millionth of the smallest figure in a report.
EPSILON_S = 1e-9


class Station(Generic[Job]):
    """The CPU and the workers of one instance. The caller owns the time and the I/O waits.

    `vcpu` > 0 is the number of vCPUs; `workers` is the maximum number of requests processed at a time, None = no limit;
    `backlog` is the maximum number of those that wait for a worker, None = no limit.
    Where the CPU is used first come first served, `_line` are the requests that wait for their turn, and `_turns` is
    the number of those that compute at a time.
    """

    __slots__ = (
        "_at_s",
        "_backlog",
        "_backlog_max",
        "_computing",
        "_contends",
        "_line",
        "_order",
        "_rate",
        "_slowdown",
        "_turns",
        "_usable",
        "_use",
        "_used_s",
        "_v",
        "busy_workers",
        "vcpu",
        "workers",
    )

    def __init__(self, vcpu: float, workers: int | None, use: CpuUse = ALL_SHARED, backlog: int | None = None) -> None:
        assert vcpu > 0, vcpu
        assert workers is None or workers > 0, workers
        self.vcpu = vcpu
        self._use = use
        self._contends = bool(use.contention or use.coherency)
        self._backlog_max = math.inf if backlog is None else backlog
        self._usable = use.usable(vcpu)
        self._turns = use.turns(self._processors)
        self.workers = workers
        self.busy_workers = 0
        self._backlog: deque[tuple[Job, float]] = deque()
        # (V at which it ends, order of start, job) of each computing request
        self._computing: list[tuple[float, int, Job]] = []
        self._line: deque[tuple[Job, float]] = deque()
        self._rate = 1.0  # speed of each computing request, which depends on their number
        self._slowdown = 1.0  # by what factor each takes more CPU time than alone
        self._v = 0.0
        self._used_s = 0.0
        self._at_s = 0.0
        self._order = 0

    def arrive(self, job: Job, cpu_s: float, now: float) -> bool:
        """Take a request; return False if it is rejected, because no worker is free and as many wait as may."""
        if self.workers is not None and self.busy_workers >= self.workers:
            if len(self._backlog) >= self._backlog_max:
                return False
            self._backlog.append((job, cpu_s))
            return True
        self.busy_workers += 1
        self._start(job, cpu_s, now)
        return True

    def begin(self, job: Job, cpu_s: float, now: float) -> None:
        """Start a computation that needs no worker."""
        self._start(job, cpu_s, now)

    def resize(self, vcpu: float, now: float) -> None:
        """Change the number of vCPUs. With 0 nothing proceeds; `computed` and `next_s` are not called then."""
        self._advance(now)
        self.vcpu, self._usable = vcpu, self._use.usable(vcpu)
        self._share()

    def leave(self, now: float) -> None:
        """Release the worker of a completed request (after its I/O), which takes the next request of the backlog."""
        if self._backlog:
            job, cpu_s = self._backlog.popleft()
            self._start(job, cpu_s, now)
        else:
            self.busy_workers -= 1

    def computed(self, now: float) -> list[Job]:
        """Return the requests whose CPU time is complete by `now`, in order of completion. Each starts its I/O wait
        next.
        """
        self._advance(now)
        done = []
        computing = self._computing
        # Compare times, not V: after about 100 days the resolution of the clock is coarser than `EPSILON_S`, so the
        # remaining work is shorter than any time step and would never complete.
        soonest_s = now + EPSILON_S
        while computing and now + (computing[0][0] - self._v) / self._rate <= soonest_s:
            ended_v, _, job = heappop(computing)
            done.append(job)
            if self._line:
                self._take_turn(ended_v)
            self._share()
        if not computing:
            self._v = 0.0  # No request refers to V any more; resetting it keeps its precision.
        return done

    def next_s(self) -> float | None:
        """Return when the next request will have used its CPU time if none arrives or leaves; None if none computes."""
        if not self._computing:
            return None
        return self._at_s + max(0.0, self._computing[0][0] - self._v) / self._rate

    def _start(self, job: Job, cpu_s: float, now: float) -> None:
        self._advance(now)
        if len(self._computing) >= self._turns:
            self._line.append((job, cpu_s))
            return
        self._order += 1
        heappush(self._computing, (self._v + cpu_s, self._order, job))
        self._share()

    def _take_turn(self, since_v: float) -> None:
        """Start the first request of the line. It takes the turn of one that has ended at `since_v`, which is exact
        even if the caller is late.
        """
        job, cpu_s = self._line.popleft()
        self._order += 1
        heappush(self._computing, (since_v + cpu_s, self._order, job))

    def used_s(self, now: float) -> float:
        """Return the CPU seconds that requests have used until `now`."""
        self._advance(now)
        return self._used_s

    def throttled_s(self, now: float) -> float:  # noqa: ARG002 it never stops
        """Return the seconds until `now` in which a quota stopped requests; NaN if the station has none."""
        return math.nan

    def _advance(self, now: float) -> None:
        if self._computing:
            grown_s = (now - self._at_s) * self._rate
            self._v += grown_s
            self._used_s += grown_s * len(self._computing) * self._slowdown
        self._at_s = now

    def _share(self) -> None:
        computing = len(self._computing)
        self._rate = self._usable / computing if computing > self._usable else 1.0
        if self._contends:
            self._slow_down()

    def _slow_down(self) -> None:
        """Reduce the rate of the computing requests by what they cost each other."""
        self._slowdown = slowdown(len(self._computing), self._use.contention, self._use.coherency)
        self._rate /= self._slowdown

    @property
    def _processors(self) -> float:
        """The number of processors that the instance can use at a time; a part of one is a slow one."""
        return self.vcpu
