"""The CPU of an instance as a quota in each period: bandwidth control of Linux's completely fair scheduler (CFS).

A container with a CPU limit of c vCPUs may use c x P seconds of CPU in each period of P seconds, on any of the host's
processors. Within a period its requests run at full speed; when the quota is used up, all of them stop until the next
period begins. So a short request on a quarter of a vCPU takes its own CPU time, not four times as long, and a request
of 0.143 s on half a vCPU takes 0.243 s: 50 ms in each of two periods and 43 ms in the third (facts validation-2 V10).

Two processors may be the two hardware threads of a core, as the vCPUs of most clouds are. While both compute, each is
slower than alone, so that a second of CPU time accomplishes less; the quota counts CPU time, not work.

Unused quota is not kept (`cpu.max.burst` is 0 by default). The scheduler hands out the quota in slices of 5 ms for each
processor; this model hands it out continuously.

Theory: while the number of computing requests does not change, every full period has the same run time, so the run time
within an interval, and the time at which a given run time is reached, are closed formulas.
"""

from __future__ import annotations

import math
from heapq import heappop
from typing import NamedTuple, TypeVar

from simulator.rules.stations.cpu_use import ALL_SHARED, CpuUse
from simulator.rules.stations.discipline import EPSILON_S, Station

Job = TypeVar("Job")


class CpuQuota(NamedTuple):
    """`period_s` is the length of a period, `cores` the number of processors that the instance's threads can use at a
    time.

    `shared_core_speed` is the speed of a processor while the other hardware thread of its core computes as well, as a
    share of its speed alone. 1: each processor is a core of its own.
    """

    period_s: float
    cores: int
    shared_core_speed: float = 1.0


class QuotaStation(Station[Job]):
    """A station whose vCPUs are a quota in each period. Periods begin at `since_s`, the launch of the instance.

    `_rate` is the progress of each computing request in a second of run time: 1 unless they share cores.
    """

    __slots__ = (
        "_busy_max",
        "_cores",
        "_left_s",
        "_period",
        "_period_s",
        "_quota_s",
        "_shared_core_speed",
        "_since_s",
        "_stopped_s",
    )

    def __init__(
        self,
        vcpu: float,
        workers: int | None,
        quota: CpuQuota,
        since_s: float,
        use: CpuUse = ALL_SHARED,
        backlog: int | None = None,
    ) -> None:
        assert quota.period_s > 0, quota
        assert quota.cores >= 1, quota
        self._cores = quota.cores
        super().__init__(vcpu, workers, use, backlog)
        self._busy_max = use.usable(quota.cores)  # processors that the application's threads use at a time
        self._shared_core_speed = quota.shared_core_speed
        self._period_s = quota.period_s
        self._quota_s = vcpu * quota.period_s
        self._since_s = since_s
        self._period = 0  # the number of the period of `_at_s`
        self._left_s = self._quota_s  # CPU seconds that are left of its quota
        self._at_s = since_s
        self._stopped_s = 0.0

    def throttled_s(self, now: float) -> float:
        """Return the seconds until `now` in which the quota stopped requests."""
        self._advance(now)
        return self._stopped_s

    def next_s(self) -> float | None:
        if not self._computing:
            return None
        return self._time_after(max(0.0, self._computing[0][0] - self._v) / self._rate)

    def computed(self, now: float) -> list[Job]:
        self._advance(now)
        done = []
        computing = self._computing
        soonest_s = now + EPSILON_S
        while computing and self._time_after(max(0.0, computing[0][0] - self._v) / self._rate) <= soonest_s:
            ended_v, _, job = heappop(computing)
            done.append(job)
            if self._line:
                self._take_turn(ended_v)
            self._share()
        if not computing:
            self._v = 0.0
        return done

    def resize(self, vcpu: float, now: float) -> None:
        self._advance(now)
        quota_s = vcpu * self._period_s
        self._left_s = max(0.0, quota_s - (self._quota_s - self._left_s))  # what this period has used stays used
        self.vcpu, self._quota_s = vcpu, quota_s

    def _time_after(self, run_s: float) -> float:
        """Return when the requests will have run for `run_s` seconds."""
        used_per_s = self._used_per_s
        first_s = min(self._end_s - self._at_s, self._left_s / used_per_s)
        # A request that needs exactly what is left of the quota ends in this period, whatever the rounding.
        if run_s <= first_s + EPSILON_S:
            return self._at_s + run_s
        run_s -= first_s
        full_s = min(self._period_s, self._quota_s / used_per_s)
        periods = max(0, math.ceil(run_s / full_s - EPSILON_S) - 1)
        return self._end_s + periods * self._period_s + (run_s - periods * full_s)

    def _advance(self, now: float) -> None:
        """Continue until `now`: in each period the requests run until its quota is used up."""
        run_s, before_s = 0.0, self._at_s
        used_per_s = self._used_per_s if self._computing else 0.0
        if now >= self._end_s:
            # The rest of this period, whole periods, and the beginning of the last one.
            if used_per_s:
                run_s = min(self._end_s - self._at_s, self._left_s / used_per_s)
            passed = math.floor((now - self._end_s) / self._period_s)
            if used_per_s:
                run_s += passed * min(self._period_s, self._quota_s / used_per_s)
            self._at_s = self._end_s + passed * self._period_s
            self._period += passed + 1
            self._left_s = self._quota_s
        if used_per_s:
            more_s = min(max(0.0, now - self._at_s), self._left_s / used_per_s)
            self._left_s -= more_s * used_per_s
            run_s += more_s
            self._v += run_s * self._rate
            self._used_s += run_s * used_per_s
            self._stopped_s += max(0.0, now - before_s - run_s)
        self._at_s = now

    def _share(self) -> None:
        """Set the rate. The scheduler gives each request a core of its own as long as there is one."""
        computing = len(self._computing)
        if not computing:
            self._rate = 1.0
            return
        busy = self._used_per_s
        shared = max(0, busy - (self._cores + 1) // 2)  # cores of which both threads compute
        self._rate = (busy - 2 * shared + 2 * shared * self._shared_core_speed) / computing
        if self._contends:
            self._slow_down()

    @property
    def _processors(self) -> float:
        return self._cores

    @property
    def _used_per_s(self) -> float:
        """CPU seconds used in a second of run time."""
        return min(len(self._computing), self._busy_max)

    @property
    def _end_s(self) -> float:
        """The end of the current period."""
        return self._since_s + (self._period + 1) * self._period_s
