"""Simulated instances: an application given by distributions, served as in rules/stations/discipline.py.

They run on either clock. In virtual time this is the complete instance; in real time it is used behind real sockets,
responds after the simulated time, and needs almost no resources of the machine.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.fleet.ports import Exchange, ExitStatus, InstanceSpec, ResourceUsage
from simulator.fleet.simulated.application import REFUSED_STATUS, Failures, SimulatedApplication
from simulator.fleet.simulated.start_ups import StartUps, station_of
from simulator.fleet.simulated.station_timer import StationTimer
from simulator.fleet.simulated.work import PerKindWorkSampler, VisitingRequest, WorkSampler, WorkSource, draws
from simulator.model.health import HealthCheck, HealthProtocol
from simulator.rules.start_stages import Kept
from simulator.rules.stations.discipline import Station
from simulator.world.distributions import Uniform
from simulator.world.random_streams import RandomStreams

if TYPE_CHECKING:
    from simulator.fleet.simulated.background import InstanceBackground, ServiceBackground
    from simulator.fleet.simulated.image_pulls import ImagePulls

STORAGE_BYTES = 3 * 1024**3  # ephemeral storage of an instance (facts 5.2)
_AT_ONCE = itertools.repeat(0.0)
SIGKILL_CODE = 137  # 128 + 9, as a container reports it


class SimulatedDriver:
    """Implements `Driver` for one service."""

    is_simulated = True
    takes_variables = False
    ejection_applies = False
    own_loopback = None
    has_fixed_port = False
    limits_in_force = ""
    finished = None

    def __init__(
        self,
        application: SimulatedApplication,
        streams: RandomStreams,
        service: str,
        storage_bytes: int = STORAGE_BYTES,
    ) -> None:
        self.work = (PerKindWorkSampler if application.has_kinds_of_work else WorkSampler)(
            application, streams, service
        )
        self.draw = self.work.draw  # bound directly, because it is called for every simulated request
        self._storage_bytes = storage_bytes
        self._injected_failures = draws(Uniform(0.0, 1.0), streams.stream("service", service, "failures"))
        self._application = application
        self._start_ups = StartUps(application, streams, service)
        self._fates = draws(Uniform(0.0, 1.0), streams.stream("service", service, "fate"))
        self._wakes = draws(application.wake, streams.stream("service", service, "wake"))
        self._living: dict[SimulatedBackend, None] = {}
        self._ended_cpu_s = 0.0
        self._pulls: ImagePulls | None = None
        self._background: ServiceBackground | None = None

    def pull_with(self, pulls: ImagePulls) -> None:
        """Pull the application's image, if it has one, for each instance launched from now on."""
        self._pulls = pulls

    def work_beside_requests(self, background: ServiceBackground) -> None:
        """Let each instance launched from now on do this background work."""
        self._background = background

    async def launch(self, spec: InstanceSpec) -> SimulatedBackend:
        start_up, image = self._start_ups.next(spec), self._application.image
        pulls = self._pulls if spec.kept is Kept.NOTHING else None
        ended = await pulls.pull(image, spec) if pulls is not None and image is not None else None
        backend = self._new_backend(spec, spec.init_s + start_up.lasts_s)
        backend.start_up_cpu_s = start_up.cpu_s
        backend.wakes = self._wakes
        if self._background is not None:
            backend.work_beside_requests(self._background, spec.number)
        if ended is not None:
            backend.exited.add_done_callback(ended)
        self._living[backend] = None
        backend.exited.add_done_callback(lambda _: self._ended(backend))
        return backend

    def _new_backend(self, spec: InstanceSpec, start_up_s: float) -> SimulatedBackend:
        failures = self._application.failures
        if failures is None:
            return SimulatedBackend(self._application, spec, start_up_s, self.work, self._fates)
        return FailingBackend(
            self._application,
            spec,
            start_up_s,
            self.work,
            self._fates,
            injected_failures=InjectedFailures(failures, self._injected_failures, self._storage_bytes),
        )

    def cpu_used_s(self) -> float:
        """Return the CPU seconds that requests have used so far, including those on ended instances."""
        return self._ended_cpu_s + sum(backend.cpu_used_s() for backend in self._living)

    def _ended(self, backend: SimulatedBackend) -> None:
        del self._living[backend]
        self._ended_cpu_s += backend.cpu_used_s()

    async def close(self) -> None:
        """Do nothing: the driver uses no resources outside this process."""


class SimulatedBackend:
    """One simulated instance. `start_up_s`: seconds from its launch until it listens."""

    def __init__(
        self,
        application: SimulatedApplication,
        spec: InstanceSpec,
        start_up_s: float,
        work: WorkSource,
        fates: Iterator[float],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[ExitStatus] = self._loop.create_future()
        self._application = application
        self._all_arrive = application.requests_may_wait
        self._launched_s = self._loop.time()
        self._start_up_s, self._listens_s = start_up_s, self._launched_s + start_up_s
        self.start_up_cpu_s = 0.0  # used evenly during the start-up
        self._work = work
        self._fates = fates
        self.wakes: Iterator[float] = _AT_ONCE  # times of its wakes, in the order of the service's wakes
        self._background: InstanceBackground | None = None
        self._visits = application.cpu_use.visits
        self._waited: Callable[[Any], None] = self._done if self._visits == 1 else self._visited  # for its I/O
        self._station: Station[Any] = station_of(application, spec, self._loop.time())
        self._used_s: Callable[[float], float] = self._station.used_s  # returns the CPU seconds used until a time
        self._timer = StationTimer(self._station, self._computed)
        if application.exit_code is not None:
            self._loop.call_at(self._listens_s, self._exit, ExitStatus(application.exit_code))
            self._listens_s = float("inf")

    # --- requests ----------------------------------------------------------------------------------------------------

    def begin(self, exchange: Exchange) -> None:
        if exchange.cpu_s < 0:
            self._work.draw(exchange)
        if exchange.cpu_s > 0 or self._all_arrive:
            job = exchange if self._visits == 1 else VisitingRequest(exchange, self._visits)
            if self._station.arrive(job, job.cpu_s, self._loop.time()):
                self._timer.arm()
            else:
                self._loop.call_later(0.0, self._refused, exchange)
        else:
            self._loop.call_later(exchange.io_s, self._done, exchange)

    def abort(self, exchange: Exchange) -> None:
        """Do nothing: the application is not notified and continues (R#92), so its CPU stays in use."""

    def _computed(self, now: float) -> None:
        for job in self._station.computed(now):
            if job.io_s > 0:
                self._loop.call_at(now + job.io_s, self._waited, job)
            else:
                self._waited(job)

    def _visited(self, job: VisitingRequest) -> None:
        """Begin the next visit of a request to the CPU, or complete the request, which keeps its worker until then."""
        if job.is_last():
            self._done(job.exchange)
        else:
            self._station.begin(job, job.cpu_s, self._loop.time())
            self._timer.arm()

    def _refused(self, exchange: Exchange) -> None:
        """Answer a request that found no place to wait for a worker."""
        if exchange.open and not self.exited.done():
            exchange.answered(REFUSED_STATUS)

    def _done(self, exchange: Exchange) -> None:
        if self._application.workers is not None:
            self._station.leave(self._loop.time())
            self._timer.arm()
        if exchange.open and not self.exited.done():
            share = self._application.failure_share
            exchange.answered(500 if share and next(self._fates) < share else 200)
            if self._background is not None:
                self._background.answered()

    # --- lifecycle ---------------------------------------------------------------------------------------------------

    def listens_s(self) -> float:
        return self._listens_s

    def explain(self) -> str:
        return ""

    async def probe(self, check: HealthCheck) -> str | None:  # noqa: ARG002 a simulated instance answers every protocol
        if self._loop.time() < self._listens_s:
            return "connection refused"
        return None

    def count_cpu_by(self, used_s: Callable[[float], float]) -> None:
        """Use `used_s` for the CPU seconds used until a time, because the requests are computed elsewhere."""
        self._used_s = used_s

    def cpu_used_s(self) -> float:
        now = self._loop.time()
        used_s = self._used_s(now)
        if self.start_up_cpu_s:
            used_s += self.start_up_cpu_s * min(1.0, (now - self._launched_s) / self._start_up_s)
        return used_s

    def usage(self) -> ResourceUsage | None:
        """Return the usage. An application whose memory is not specified uses none."""
        return ResourceUsage(self.cpu_used_s(), self._used_bytes, self._station.throttled_s(self._loop.time()))

    @property
    def _used_bytes(self) -> float:
        return 0.0

    def throttle(self) -> None:
        """Throttle the background work: there is nothing else to compute."""
        if self._background is not None:
            self._background.throttle()

    def wake(self) -> float:
        wake_s = next(self.wakes)
        if self._background is not None:
            self._background.wake(wake_s)
        return wake_s

    def work_beside_requests(self, background: ServiceBackground, number: int) -> None:
        """Do background work from the start on. `number`: of this instance."""
        from simulator.fleet.simulated.background import InstanceBackground  # noqa: PLC0415 few applications have it

        self._background = InstanceBackground(background, number, self._station, self._timer, self._listens_s)
        self.exited.add_done_callback(self._background.ended)

    async def stop(self, grace_s: float) -> None:  # noqa: ARG002 it ends at once
        self._exit(ExitStatus(0))

    def kill(self) -> None:
        self._exit(ExitStatus(SIGKILL_CODE, "killed"))

    def _exit(self, status: ExitStatus) -> None:
        if not self.exited.done():
            self.exited.set_result(status)


class InjectedFailures(NamedTuple):
    """Samples random failures of an instance. Random numbers are uniform in [0, 1); a share of 0 uses none."""

    failures: Failures
    draws: Iterator[float]
    storage_bytes: int

    def happens(self, share: float) -> bool:
        return share > 0 and next(self.draws) < share


class FailingBackend(SimulatedBackend):
    """A simulated instance whose application can fail.

    A separate class, so that other instances are not slowed by checks.
    """

    def __init__(
        self,
        application: SimulatedApplication,
        spec: InstanceSpec,
        start_up_s: float,
        work: WorkSource,
        fates: Iterator[float],
        *,
        injected_failures: InjectedFailures,
    ) -> None:
        super().__init__(application, spec, start_up_s, work, fates)
        self._injected_failures = injected_failures
        self._failures = failures = injected_failures.failures
        self._memory_gb = spec.size.memory_gb
        self._at_work = 0
        self._requests_at_work: Callable[[], int] = lambda: self._at_work
        self._stored_bytes = 0
        self._hangs = injected_failures.happens(failures.hang_at_start)
        if injected_failures.happens(failures.crash_at_start):
            self._loop.call_later(start_up_s, self._crash)
        elif failures.memory_bytes > self._memory_bytes:
            self._loop.call_later(start_up_s, self.end_out_of_memory)

    @property
    def _memory_bytes(self) -> float:
        return self._memory_gb * 1024**3

    @property
    def _used_bytes(self) -> float:
        return self._failures.memory_bytes + self._requests_at_work() * self._failures.request_memory_bytes

    def begin(self, exchange: Exchange) -> None:
        failures, injected_failures = self._failures, self._injected_failures
        self._at_work += 1
        self._stored_bytes += failures.request_storage_bytes
        if self._used_bytes > self._memory_bytes:
            self._loop.call_later(0.0, self.end_out_of_memory)  # the kernel kills it, then the request is lost with it
        elif self._stored_bytes > injected_failures.storage_bytes:
            self._exit(ExitStatus(SIGKILL_CODE, "ended by SIGKILL, ephemeral storage is full"))
        elif injected_failures.happens(failures.crash_share):
            self._crash()
        elif self._hangs or injected_failures.happens(failures.hang_share):
            self._hangs = True
        else:
            super().begin(exchange)

    def _refused(self, exchange: Exchange) -> None:
        self._at_work -= 1
        if not self._hangs:
            super()._refused(exchange)

    def _done(self, exchange: Exchange) -> None:
        self._at_work -= 1
        if not self._hangs:
            super()._done(exchange)

    async def probe(self, check: HealthCheck) -> str | None:
        why = await super().probe(check)
        if why is None and self._hangs and check.protocol is HealthProtocol.HTTP:
            await asyncio.sleep(check.timeout_s)
            return f"no answer within {check.timeout_s:g} s"
        return why

    async def stop(self, grace_s: float) -> None:
        if self._failures.ignores_sigterm and not self.exited.done():
            await asyncio.wait((self.exited,), timeout=grace_s)
            self._exit(ExitStatus(SIGKILL_CODE, "ended by SIGKILL"))
        else:
            await super().stop(grace_s)

    def _crash(self) -> None:
        code = self._failures.exit_code
        self._exit(ExitStatus(code, f"Container exit code: {code}"))

    def count_work_by(self, requests_at_work: Callable[[], int]) -> None:
        """Use this function for the number of requests at work, because they are computed elsewhere."""
        self._requests_at_work = requests_at_work

    def end_out_of_memory(self) -> None:
        self._exit(ExitStatus(SIGKILL_CODE, f"ended by SIGKILL, out of memory: it has {self._memory_gb:g} GB"))
