"""Mixed pools: the first instances of a service are real, the others are simulated.

With it, a laptop can run a service of a hundred instances. The simulated ones are of one of two kinds. *Simulated by a
model*: instances of a simulated application, such as one that was calibrated from observations of the real one. They
need no real instance to be measured first, and behave as the model at loads that no real instance gets. *Measured*, the
default: start times and responses of the real instances are measured, and simulated instances sample from these
measurements, time and status together. Only measured values are used: until the first response of a real instance,
requests to simulated instances wait, and until the first start of a real instance, no simulated one becomes ready.

The response time depends on how many requests an instance processes at once, so responses are stored by that number, in
classes whose width doubles. A simulated instance samples from the class of its own number, or from the nearest class
that is not empty. The number is read when a real response ends and when a simulated request begins; while the load is
stationary, both have the same distribution. Failures on the way to an instance (no connection, a truncated response)
are not imitated.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from simulator.fleet.ports import Backend, Driver, Exchange, ExitStatus, InstanceSpec, ResourceUsage, no_work
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.fleet.simulated.driver import SimulatedBackend
from simulator.model.health import HealthCheck
from simulator.records.events import InstanceImitated
from simulator.records.journal import Journal

T = TypeVar("T")

ANSWERS_KEPT: Final = 1024  # per class; only the latest, so that changes of the application take effect
OK: Final = 200  # assumed for a response to a simulated client, whose status is unknown


@dataclass(frozen=True, slots=True)
class MeasuredResponse:
    """The response to a request: its time on the instance, and its status."""

    seconds: float
    status: int


class MeasuredBehaviour:
    """Measurements of the real instances so far. `draw` returns random numbers, uniform in [0, 1)."""

    def __init__(self, draw: Callable[[], float]) -> None:
        self._draw = draw
        self._answers: dict[int, deque[MeasuredResponse]] = {}
        self._starts_s: deque[float] = deque(maxlen=ANSWERS_KEPT)
        self._waiting: list[Callable[[], None]] = []
        self.answered = 0

    def start(self, seconds: float) -> None:
        """Record a start time: seconds from the request to launch a real instance until it was healthy."""
        self._starts_s.append(seconds)

    def answer(self, outstanding: int, answer: MeasuredResponse) -> None:
        """Record a response of a real instance with `outstanding` requests (>= 1), including this one."""
        self.answered += 1
        self._answers.setdefault(_class(outstanding), deque(maxlen=ANSWERS_KEPT)).append(answer)
        waiting, self._waiting = self._waiting, []
        for resume in waiting:
            resume()

    def draw_start_s(self) -> float | None:
        """Return a measured start time; None before the first real start."""
        return self._pick(self._starts_s) if self._starts_s else None

    def draw_answer(self, outstanding: int) -> MeasuredResponse | None:
        """Return a measured response; None before the first one, for which `first_answer` waits."""
        if not self._answers:
            return None
        wanted = _class(outstanding)
        return self._pick(self._answers[min(self._answers, key=lambda known: (abs(known - wanted), known))])

    def first_answer(self, resume: Callable[[], None]) -> None:
        """Call `resume` after the first response of a real instance."""
        self._waiting.append(resume)

    def _pick(self, shown: deque[T]) -> T:
        return shown[int(self._draw() * len(shown))]


class MixedDriver:
    """Launches real instances while fewer than `real_instances` exist; all further instances are simulated.

    Implements `Driver`. Its properties are those of the driver of the real instances. `journal` is told each simulated
    instance. `further` launches them; None: they sample from measurements of the real ones.
    """

    is_simulated = False
    draw = staticmethod(no_work)

    def __init__(
        self,
        real: Driver,
        real_instances: int,
        draw: Callable[[], float],
        journal: Journal,
        further: Driver | None = None,
    ) -> None:
        self._real = real
        self._further = further
        self._journal = journal
        self.takes_variables = real.takes_variables
        self.ejection_applies = real.ejection_applies
        self.own_loopback = real.own_loopback
        self._real_instances = real_instances
        self._measured = MeasuredBehaviour(draw)
        self._real_count = 0  # includes instances that are being launched
        self._simulated_answered = 0
        self._cpu_s = 0.0
        self._answer_cpu_s = 0.0
        self._seen = (0.0, 0, 0)  # values at the last call: real CPU seconds, real responses, simulated responses

    @property
    def has_fixed_port(self) -> bool:
        return self._real.has_fixed_port

    @property
    def limits_in_force(self) -> str:
        by = "" if self._further is None else " by the model of the scenario"
        return f"{self._real.limits_in_force}; instances beyond {self._real_instances} are simulated{by}"

    async def launch(self, spec: InstanceSpec) -> Backend:
        """Launch a real or a simulated instance.

        Raises:
            LaunchError: if a real instance cannot be launched.
        """
        if self._real_count >= self._real_instances:
            self._journal.publish(InstanceImitated(spec.service, spec.number))
            if self._further is not None:
                return await self._further.launch(spec)
            return _ReplayingBackend(spec, self._measured)
        self._real_count += 1
        asked_s = asyncio.get_running_loop().time()
        try:
            backend = await self._real.launch(spec)
        except BaseException:
            self._real_count -= 1
            raise
        backend.exited.add_done_callback(self._real_gone)
        return _Measured(backend, self._measured, asked_s)

    def finished(self, exchange: Exchange) -> None:
        instance = exchange.instance
        assert instance is not None, "only an exchange with a slot is answered"
        if not isinstance(instance.backend, _Measured):
            self._simulated_answered += 1
            return
        if self._further is not None:
            return
        seconds = asyncio.get_running_loop().time() - exchange.begun_s
        status = exchange.status or OK
        self._measured.answer(instance.outstanding, MeasuredResponse(seconds, status))

    def cpu_used_s(self) -> float:
        """Return the CPU seconds so far.

        A model knows those of its instances. Otherwise, each simulated response counts as the mean measured cost of the
        latest real ones.
        """
        if self._further is not None:
            return self._real.cpu_used_s() + self._further.cpu_used_s()
        now = (self._real.cpu_used_s(), self._measured.answered, self._simulated_answered)
        cpu_s, real, simulated = (new - old for new, old in zip(now, self._seen, strict=True))
        if real:
            self._answer_cpu_s = cpu_s / real
        self._cpu_s += cpu_s + simulated * self._answer_cpu_s
        self._seen = now
        return self._cpu_s

    async def close(self) -> None:
        await self._real.close()
        if self._further is not None:
            await self._further.close()

    def _real_gone(self, _: asyncio.Future[ExitStatus]) -> None:
        self._real_count -= 1


class _Measured:
    """A real instance whose start time is measured from `asked_s` on. Other calls are passed on unchanged."""

    def __init__(self, backend: Backend, shown: MeasuredBehaviour, asked_s: float) -> None:
        self._real = backend
        self._measured = shown
        self._asked_s = self._rejected_s = asked_s
        self._started = False
        self.exited = backend.exited
        self.begin = backend.begin
        self.abort = backend.abort
        self.throttle = backend.throttle
        self.wake = backend.wake
        self.stop = backend.stop
        self.kill = backend.kill
        self.usage = backend.usage
        self.explain = backend.explain

    def listens_s(self) -> float:
        """Return 0: every probe is needed to measure the start."""
        return 0.0

    async def probe(self, check: HealthCheck) -> str | None:
        """Probe the instance, and record its start time when the first probe passes.

        It started at some time between the last probe that failed and the first that passed; the middle is the best
        estimate. The time of the first passing probe would be too long: a simulated instance is probed at the same
        interval, so it would often just miss the probe at that time and become ready one interval later.
        """
        now_s = asyncio.get_running_loop().time()
        why = await self._real.probe(check)
        if why is not None:
            self._rejected_s = now_s
        elif not self._started:
            self._started = True
            self._measured.start((self._rejected_s + now_s) / 2 - self._asked_s)
        return why


class _ReplayingBackend(SimulatedBackend):
    """A simulated instance whose responses are sampled from those of the real ones."""

    def __init__(self, spec: InstanceSpec, shown: MeasuredBehaviour) -> None:
        super().__init__(SimulatedApplication(), spec, 0.0, _NoWork(), iter(()))
        self._measured = shown
        self._launched_s = self._loop.time()
        self._start_s: float | None = None
        self._outstanding = 0

    def begin(self, exchange: Exchange) -> None:
        self._outstanding += 1
        self._serve(exchange)

    def listens_s(self) -> float:
        """Return 0: the start time to imitate may not be known yet."""
        return 0.0

    async def probe(self, check: HealthCheck) -> str | None:
        if self._start_s is None:
            self._start_s = self._measured.draw_start_s()
        if self._start_s is None or self._loop.time() < self._launched_s + self._start_s:
            return "connection refused"
        return await super().probe(check)

    def usage(self) -> ResourceUsage | None:
        """Return None: responses are imitated, but not their resource usage."""
        return None

    def _serve(self, exchange: Exchange) -> None:
        answer = self._measured.draw_answer(self._outstanding)
        if answer is None:
            self._measured.first_answer(lambda: self._serve(exchange))
        else:
            self._loop.call_later(answer.seconds, self._answered, exchange, answer.status)

    def _answered(self, exchange: Exchange, status: int) -> None:
        self._outstanding -= 1
        if exchange.open and not self.exited.done():
            exchange.answered(status)


class _NoWork:
    """Used in place of a source of work: the work of these requests is not sampled on arrival."""

    def draw(self, exchange: Exchange) -> None:
        raise AssertionError(exchange)


def _class(outstanding: int) -> int:
    """Return the class of a number of outstanding requests: 1, 2, 3 to 4, 5 to 8, ..."""
    return (outstanding - 1).bit_length()
