"""The meter of a level: collects the rows of its requests, the usage of its instance, and the stages of its start."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.observation.observation import LimitFacts, LoadStage, StartTimes
from simulator.calibration.observation.tables import Column, InstanceSamples, ObservedRequests
from simulator.calibration.observing.instance_usage import UNKNOWN_USAGE, instance_usage
from simulator.calibration.observing.level import REST_S, Level
from simulator.calibration.observing.observed_service import ObservedService
from simulator.fleet.ports import ResourceUsage
from simulator.model.instance import InstanceState
from simulator.model.times import RunTime
from simulator.platform.platform import Platform
from simulator.records.events import EventLogged, ImagePulled, InstanceMoved, SecondClosed, StartProbeFailed
from simulator.records.journal import Journal
from simulator.records.request_log import Chunk
from simulator.replay.run_context import PlatformOpened, RunEnded
from simulator.world.running_loop import running_loop
from simulator.world.tasks import until

_DIGITS: Final = 6  # microseconds
_READ_EVERY_S: Final = 1.0
# Reasons of a failed health check while the port accepts no connections.
_NOT_LISTENING: Final = ("connection refused", "no route", "unreachable")


class _Reading(NamedTuple):
    """The usage of the instance at a time of the stage; negative before its first request."""

    at_s: float
    usage: ResourceUsage


class StageMeter:
    """The meter of one level, for one run. It is the reader of the run's rows (`RowReader`)."""

    def __init__(self, service: ObservedService, level: Level, journal: Journal) -> None:
        self._service = service
        self._level = level
        self._chunks: list[Chunk] = []
        self._readings: list[_Reading] = []
        self._in_flight: list[tuple[float, float]] = []  # (end of the second, mean)
        self._platform: Platform | None = None
        self._begun_s = self._launched_s = self._listened_s = self._ready_s = math.nan
        self._pulled_s = math.nan
        self._start_cpu_s = math.nan
        self._limits = ""
        self._is_running = False
        self.crash = ""  # why the instance ended during the level; empty if it did not
        journal.subscribe(EventLogged, self._logged)
        journal.subscribe(InstanceMoved, self._moved)
        journal.subscribe(StartProbeFailed, self._probe_failed)
        journal.subscribe(ImagePulled, self._image_pulled)
        journal.subscribe(PlatformOpened, self._opened)
        journal.subscribe(RunEnded, self._run_ended)
        journal.subscribe(SecondClosed, self._second_closed)

    def read(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)

    # --- the start ---------------------------------------------------------------------------------------------------

    def _logged(self, _: EventLogged) -> None:
        if math.isnan(self._begun_s):  # the first line of a service is written when its instances begin to start
            self._begun_s = running_loop().time()

    def _moved(self, moved: InstanceMoved) -> None:
        now_s = running_loop().time()
        if moved.after is InstanceState.STARTING and math.isnan(self._launched_s):
            self._launched_s = self._listened_s = now_s
        elif moved.before is InstanceState.STARTING and moved.after is InstanceState.ACTIVE:
            if math.isnan(self._ready_s):
                self._ready_s = now_s
        elif moved.after is InstanceState.STOPPED and self._is_running and not self.crash:
            self.crash = moved.why

    def _probe_failed(self, failed: StartProbeFailed) -> None:
        if any(words in failed.why for words in _NOT_LISTENING):
            self._listened_s = math.nan
        elif math.isnan(self._listened_s):
            self._listened_s = running_loop().time()

    def _image_pulled(self, pulled: ImagePulled) -> None:
        self._pulled_s = pulled.took_s

    # --- the run -----------------------------------------------------------------------------------------------------

    def _opened(self, opened: PlatformOpened) -> None:
        platform = self._platform = opened.platform
        self._is_running = True
        self._limits = platform.services[self._service.name].serving.limits_in_force
        self._start_cpu_s = self.usage().cpu_s
        platform.tasks.spawn(self._sample(platform), "usage of the observed instance")

    def _run_ended(self, _: RunEnded) -> None:
        self._is_running = False

    async def _sample(self, platform: Platform) -> None:
        """Read the usage at the end of each second of the stage, and at the bounds of its measured part."""
        level = self._level
        seconds = range(math.ceil(level.duration_s) + 1)
        for due_s in sorted({*map(float, seconds), level.warm_up_s, level.duration_s}):
            await until(platform.clock.loop_s(RunTime(REST_S + due_s)))
            self._readings.append(_Reading(platform.clock.at_s() - REST_S, self.usage()))

    def _second_closed(self, closed: SecondClosed) -> None:
        self._in_flight.append((closed.sample.second + 1.0 - REST_S, closed.sample.in_flight))

    def usage(self) -> ResourceUsage:
        """Return the usage of the instance now; NaN where it is unknown."""
        if self._platform is None:
            return UNKNOWN_USAGE
        usage = instance_usage(self._platform, self._service.name)
        # The compiled backend does not count the throttling of a simulated instance.
        return usage if self._limits else usage._replace(throttled_s=math.nan)

    # --- results -----------------------------------------------------------------------------------------------------

    @property
    def start(self) -> StartTimes | None:
        """The start of the instance; None if it did not become ready."""
        if math.isnan(self._ready_s):
            return None
        pulled_s = 0.0 if math.isnan(self._pulled_s) else self._pulled_s
        listened_s = self._ready_s if math.isnan(self._listened_s) else self._listened_s
        return StartTimes(
            total_s=_rounded(self._ready_s - self._begun_s),
            pull_s=_rounded(self._pulled_s),
            launch_s=_rounded(self._launched_s - self._begun_s - pulled_s),
            listening_s=_rounded(listened_s - self._launched_s),
            first_check_s=_rounded(self._ready_s - listened_s),
            cpu_s=_rounded(self._start_cpu_s),
        )

    @property
    def memory_at_rest_bytes(self) -> float:
        """Memory just before the first request; NaN if it is unknown."""
        return self._readings[0].usage.memory_bytes if self._readings else math.nan

    @property
    def instance_cpu_s(self) -> float:
        """CPU seconds of the instance until the last reading before its end; NaN if they are unknown."""
        known = [reading.usage.cpu_s for reading in self._readings if math.isfinite(reading.usage.cpu_s)]
        return known[-1] if known else math.nan

    @property
    def limits(self) -> LimitFacts:
        """The limits in force on the instance."""
        return limit_facts(self._limits)

    def stage(self, ended_s: float, ended_by: str) -> LoadStage:
        """Return the stage, which ended after `ended_s` of its time, early for the reason `ended_by`."""
        level = self._level
        duration_s = min(level.duration_s, max(ended_s, level.warm_up_s + 1e-3))
        bounds_s = (level.warm_up_s, duration_s)
        at_s = np.array([reading.at_s for reading in self._readings])
        cpu_s = np.array([reading.usage.cpu_s for reading in self._readings])
        throttled_s = np.array([reading.usage.throttled_s for reading in self._readings])
        memory = np.array([reading.usage.memory_bytes for reading in self._readings])
        # A reading is NaN if the instance had ended by then.
        measured = memory[(at_s >= level.warm_up_s) & (at_s <= duration_s + 0.5) & np.isfinite(memory)]
        peak = float(measured.max()) if len(measured) else math.nan
        return LoadStage(
            number=level.number,
            rate_rps=level.rate_rps,
            duration_s=_rounded(duration_s),
            warm_up_s=level.warm_up_s,
            requests=self._requests(duration_s),
            samples=self._samples(at_s, cpu_s, throttled_s, memory, duration_s),
            cpu_s=_rounded(_between(at_s, cpu_s, bounds_s)),
            throttled_s=_rounded(_between(at_s, throttled_s, bounds_s)),
            memory_peak_bytes=peak,
            ended_by=ended_by,
        )

    def _requests(self, duration_s: float) -> ObservedRequests:
        names = ("source", "intended_s", "latency_s", "service_s", "status", "late_s", "instance")
        source, intended, latency, service, status, late, instance = (
            np.concatenate([getattr(chunk, name) for chunk in self._chunks]) if self._chunks else np.zeros(0)
            for name in names
        )
        sent = intended - REST_S
        order = np.argsort(sent, kind="stable")
        order = order[sent[order] < duration_s]
        bodies = np.array([float(route.body_bytes) for route in self._service.routes])
        route = source[order].astype(np.int64)
        return ObservedRequests.of(
            sent_s=np.maximum(sent[order].round(_DIGITS), 0.0),
            latency_s=np.maximum(latency[order].round(_DIGITS), 0.0),
            service_s=np.where(instance[order] > 0, service[order].round(_DIGITS), np.nan),
            status=status[order].astype(np.int64),
            route=route,
            late_s=np.maximum(late[order].round(_DIGITS), 0.0),
            request_bytes=bodies[route] if len(route) else np.zeros(0),
        )

    def _samples(
        self,
        at_s: Column,
        cpu_s: Column,
        throttled_s: Column,
        memory: Column,
        duration_s: float,
    ) -> InstanceSamples:
        if len(at_s) < 2:
            return InstanceSamples.of()
        kept = (at_s[1:] > at_s[:-1]) & (at_s[1:] < duration_s + 0.5)
        flown = dict(self._in_flight)
        in_flight = [flown.get(float(round(at)), math.nan) for at in at_s[1:][kept]]
        return InstanceSamples.of(
            at_s=at_s[1:][kept].round(_DIGITS),
            cpu_s=np.maximum(np.diff(cpu_s)[kept], 0.0).round(_DIGITS),
            throttled_s=np.maximum(np.diff(throttled_s)[kept], 0.0).round(_DIGITS),
            memory_bytes=memory[1:][kept],
            in_flight=np.array(in_flight).round(_DIGITS),
        )


def limit_facts(limits_in_force: str) -> LimitFacts:
    """Return the limits that a driver's sentence `limits_in_force` states; empty: those of simulated instances."""
    period_s = 0.1  # of a CPU quota: the kernel's default, which the drivers and the container engines use
    if not limits_in_force:
        return LimitFacts("simulated", cpu_limited=True, memory_limited=True)
    for version in ("v1", "v2"):
        if limits_in_force.startswith(f"CPU and memory limits: control groups {version}"):
            return LimitFacts(f"cgroup {version}", period_s, cpu_limited=True, memory_limited=True)
    if limits_in_force.startswith("CPU and memory limits: the engine's"):
        return LimitFacts("container engine", period_s, cpu_limited=True, memory_limited=True)
    return LimitFacts(memory_limited="memory limit: RLIMIT_DATA" in limits_in_force)


def _between(
    at_s: Column,
    total: Column,
    bounds_s: tuple[float, float],
) -> float:
    """Return the growth of a total between two times, interpolated between the readings; NaN if it is unknown.

    A reading is NaN if the instance had ended by then. A level that ends early has its last reading up to a second
    before its end; until then the total grows as it did before.
    """
    known = np.isfinite(total)
    if known.sum() < 2 or at_s[known][-1] < bounds_s[1] - _READ_EVERY_S or at_s[known][0] > bounds_s[0]:
        return math.nan
    times, totals = at_s[known], total[known]
    first, last = np.interp(bounds_s, times, totals)
    beyond_s = max(0.0, bounds_s[1] - times[-1])
    if beyond_s:
        last += beyond_s * (totals[-1] - totals[-2]) / (times[-1] - times[-2])
    return max(0.0, float(last - first))


def _rounded(seconds: float) -> float:
    return seconds if math.isnan(seconds) else max(0.0, round(seconds, _DIGITS))
