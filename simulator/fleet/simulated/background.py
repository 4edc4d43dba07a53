"""Background work of simulated instances: jobs that share the CPU of an instance with its requests.

Each kind of work has one thread in an instance, which performs its jobs in order. While the instance is idle, the
jobs have its idle share of the CPU, or none (throttling: freeze), and are stalled. When the instance ends, its
unfinished jobs are lost.

A job that is due at an interval is missed if the previous one is unfinished, as with a scheduler that allows one run at
a time. In an instance without any CPU timers do not fire: at most one job is due when it wakes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from simulator.fleet.ports import Exchange
from simulator.fleet.simulated.application import JOBS_MAX, BackgroundWork, SimulatedApplication
from simulator.fleet.simulated.station_timer import StationTimer
from simulator.fleet.simulated.work import draws
from simulator.model.text.quantities import time_text
from simulator.model.times import RunTime
from simulator.records.events import BackgroundChanged, BackgroundLogged
from simulator.records.journal import Journal
from simulator.rules.stations.cpu_quota import QuotaStation
from simulator.rules.stations.discipline import Station
from simulator.world.distributions import Uniform
from simulator.world.random_streams import RandomStreams


class BackgroundJob(NamedTuple):
    """A job that is due. `due_s`: loop time."""

    thread: JobThread
    due_s: float
    cpu_s: float


class JobStation(Station[Any]):
    """A station whose computations are those of requests and of jobs."""

    __slots__ = ()

    def computed(self, now: float) -> list[Exchange]:
        return _without_jobs(super().computed(now), now) if self.vcpu > 0 else []

    def next_s(self) -> float | None:
        return super().next_s() if self.vcpu > 0 else None


class JobQuotaStation(QuotaStation[Any]):
    """A `JobStation` whose vCPUs are a quota in each period."""

    __slots__ = ()

    def computed(self, now: float) -> list[Exchange]:
        return _without_jobs(super().computed(now), now) if self.vcpu > 0 else []

    def next_s(self) -> float | None:
        return super().next_s() if self.vcpu > 0 else None


def job_station(application: SimulatedApplication, vcpu: float, now_s: float) -> Station[Any]:
    """Return the CPU and the workers of an instance with background work that is launched at `now_s`."""
    if application.cpu_quota is None:
        return JobStation(vcpu, application.workers, application.cpu_use, application.backlog)
    return JobQuotaStation(
        vcpu, application.workers, application.cpu_quota, now_s, application.cpu_use, application.backlog
    )


def _without_jobs(computed: Sequence[Any], now: float) -> list[Exchange]:
    """Return the requests of what has been computed; finish the jobs, whose threads may start the next ones."""
    for each in computed:
        if isinstance(each, BackgroundJob):
            each.thread.finished(each, now)
    return [each for each in computed if not isinstance(each, BackgroundJob)]


class ServiceBackground:
    """The background work of all instances of one service: its random draws, and its entries in the journal."""

    def __init__(
        self,
        application: SimulatedApplication,
        streams: RandomStreams,
        service: str,
        journal: Journal,
        at_s: Callable[[], RunTime],
    ) -> None:
        self.service = service
        self.idle_vcpu = application.idle_vcpu
        self.works = [
            (
                work,
                draws(work.cpu, streams.stream("service", service, "background", work.name)),
                draws(Uniform(0.0, 1.0), streams.stream("service", service, "background chance", work.name)),
            )
            for work in application.background
        ]
        self._journal, self._at_s = journal, at_s

    def log(self, line: str) -> None:
        self._journal.record(BackgroundLogged(self._at_s(), self.service, f"Background work: {line}"))

    def changed(
        self,
        work: str,
        *,
        due: int = 0,
        missed: int = 0,
        finished: int = 0,
        lost: int = 0,
        stalled: int = 0,
        cpu_s: float = 0.0,
        delay_s: float = 0.0,
    ) -> None:
        """Publish a change of the counts of one kind of work (`BackgroundChanged`)."""
        self._journal.publish(
            BackgroundChanged(self._at_s(), self.service, work, due, missed, finished, lost, stalled, cpu_s, delay_s)
        )


class JobThread:
    """The thread of one kind of work in an instance."""

    def __init__(
        self, instance: InstanceBackground, work: BackgroundWork, cpu: Iterator[float], chances: Iterator[float]
    ) -> None:
        self.jobs: deque[BackgroundJob] = deque()  # unfinished, the running one first
        self.work = work
        self._instance = instance
        self._cpu = cpu
        self._chances = chances
        self._due_late = False  # an interval has passed while timers did not fire

    def answered(self) -> None:
        share = self.work.request_share
        if share is not None and (share >= 1 or next(self._chances) < share):
            self._due(JOBS_MAX)

    def interval_passed(self) -> None:
        if self._instance.is_frozen:
            self._due_late = True
        else:
            self._due(1)

    def thawed(self) -> None:
        """Let the timer fire that has expired while the instance had no CPU."""
        if self._due_late:
            self._due_late = False
            self._due(1)

    def _due(self, most: int) -> None:
        instance, name = self._instance, self.work.name
        if len(self.jobs) >= most:
            instance.service.changed(name, due=1, missed=1)
            return
        job = BackgroundJob(self, instance.now_s(), next(self._cpu))
        self.jobs.append(job)
        instance.service.changed(name, due=1, stalled=int(instance.is_throttled and len(self.jobs) == 1))
        if len(self.jobs) == 1:
            instance.start(job)

    def finished(self, job: BackgroundJob, now: float) -> None:
        if self._instance.has_ended:
            return  # the job is lost
        assert self.jobs[0] is job, "a thread performs its jobs in order"
        self.jobs.popleft()
        stalled = -int(self._instance.is_throttled and not self.jobs)
        self._instance.service.changed(
            self.work.name, finished=1, cpu_s=job.cpu_s, delay_s=now - job.due_s, stalled=stalled
        )
        if self.jobs:
            self._instance.begin(self.jobs[0], now)


class InstanceBackground:
    """The background work of one instance, from `listens_s` (loop time) until its end."""

    def __init__(
        self,
        service: ServiceBackground,
        number: int,
        station: Station[Any],
        timer: StationTimer,
        listens_s: float,
    ) -> None:
        self.service = service
        self.is_throttled = False
        self._number = number
        self._loop = asyncio.get_running_loop()
        self._station = station
        self._timer = timer
        self._vcpu = station.vcpu
        self._idle_since_s = 0.0
        self._restoring: asyncio.TimerHandle | None = None
        self.has_ended = False
        self._threads = [JobThread(self, work, cpu, chances) for work, cpu, chances in service.works]
        for thread in self._threads:
            if thread.work.every_s is not None and listens_s < float("inf"):
                self._loop.call_at(listens_s + thread.work.every_s, self._tick, thread, listens_s, 1)

    @property
    def is_frozen(self) -> bool:
        """True while the instance has no CPU at all."""
        return self._station.vcpu <= 0

    def now_s(self) -> float:
        return self._loop.time()

    def begin(self, job: BackgroundJob, now: float) -> None:
        self._station.begin(job, job.cpu_s, now)

    def start(self, job: BackgroundJob) -> None:
        self.begin(job, self.now_s())
        self._timer.arm()

    def answered(self) -> None:
        """Called after each answered request."""
        for thread in self._threads:
            thread.answered()

    def throttle(self) -> None:
        """Take the CPU of the instance, which is idle, except for its idle share."""
        if self._restoring is not None:
            self._restoring.cancel()
            self._restoring = None
        if self.service.idle_vcpu is None or self.is_throttled:
            return
        self.is_throttled = True
        self._idle_since_s = self.now_s()
        self._station.resize(min(self._vcpu, self.service.idle_vcpu), self.now_s())
        self._timer.arm()
        self._count_stalled(1)
        if self._unfinished:
            self.service.log(f"instance {self._number} is idle, {self._unfinished} stalled.")

    def wake(self, wake_s: float) -> None:
        """Restore the CPU after `wake_s` seconds."""
        if self.is_throttled and self._restoring is None:
            if wake_s > 0:
                self._restoring = self._loop.call_at(self.now_s() + wake_s, self._restore)
            else:
                self._restore()

    def ended(self, _: object) -> None:
        """Give up the unfinished jobs: the instance has ended."""
        self.has_ended = True
        if self._restoring is not None:
            self._restoring.cancel()
        if self.is_throttled:
            self._count_stalled(-1)
        lost = self._unfinished
        for thread in self._threads:
            if thread.jobs:
                self.service.changed(thread.work.name, lost=len(thread.jobs))
        if lost:
            self.service.log(f"instance {self._number} has ended, {lost} lost.")

    def _restore(self) -> None:
        self._restoring = None
        unfinished, idle_s = self._unfinished, self.now_s() - self._idle_since_s
        self._count_stalled(-1)
        self.is_throttled = False
        self._station.resize(self._vcpu, self.now_s())
        for thread in self._threads:
            thread.thawed()
        self._timer.arm()
        if unfinished:
            self.service.log(
                f"instance {self._number} has its CPU again after {time_text(idle_s)}, {unfinished} unfinished."
            )

    def _count_stalled(self, change: int) -> None:
        for thread in self._threads:
            if thread.jobs:
                self.service.changed(thread.work.name, stalled=change)

    @property
    def _unfinished(self) -> str:
        """Return the unfinished jobs as text: `3 of mail, 1 of cache`; empty if there are none."""
        return ", ".join(f"{len(each.jobs)} of {each.work.name}" for each in self._threads if each.jobs)

    def _tick(self, thread: JobThread, since_s: float, number: int) -> None:
        """The interval of a thread has passed for the `number`th time. Multiples keep the times exact."""
        if self.has_ended:
            return
        every_s = thread.work.every_s
        assert every_s is not None, "only work at an interval has a timer"
        self._loop.call_at(since_s + (number + 1) * every_s, self._tick, thread, since_s, number + 1)
        thread.interval_passed()
