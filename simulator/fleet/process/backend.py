"""A running instance that is a local process with its process group: its exit, signals, and requests."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from simulator.fleet.ports import Exchange, ExitStatus, ResourceUsage
from simulator.fleet.process.confinement.watch import ExitWatch, innermost, is_waiting
from simulator.fleet.process.kernel_listeners import SessionLeader
from simulator.fleet.process.listening import InstanceSockets
from simulator.fleet.process.throttling import CpuSwitch, Throttle
from simulator.model.health import HealthCheck

# SIGKILL takes effect at once, unless the process is in an uninterruptible system call.
_DEATH_S_MAX: Final = 10.0

# at most 50 ms: a process that computes all the time is never seen waiting
_ROUSE_LOOKS_MAX: Final = 25
_ROUSE_LOOK_S: Final = 0.002

_BY_SIGNAL: Final = 128
_SIGKILLED: Final = _BY_SIGNAL + signal.SIGKILL

ENDED: Final = "the process has ended"


class RequestService(Protocol):
    """Sends the requests of an instance that listens on a port; implemented by fleet/http/backend.py's HttpService."""

    def begin(self, exchange: Exchange) -> None: ...
    def abort(self, exchange: Exchange) -> None: ...
    async def probe(self, check: HealthCheck) -> str | None: ...
    async def close(self) -> None: ...


class ProcessBackend:
    """Implements `Backend` for a process that leads its own session and group; created by the process driver.

    The instance ends when the leading process ends, like a container with its first process: the other processes of the
    group are killed at once. `left` is set after `exited`, when the driver has removed everything.
    """

    def __init__(
        self,
        watch: ExitWatch,
        service: RequestService,
        cpu: CpuSwitch,
        exceeded: Callable[[], str],
        on_end: Callable[[ProcessBackend], None],
        usage: Callable[[], ResourceUsage | None],
        *,
        depth: int,
        sockets: InstanceSockets,
        turn_to_fixed_port: Callable[[], Awaitable[RequestService]],
    ) -> None:
        """Create the backend.

        `exceeded` returns the limit for which the kernel killed the process, else an empty text. `on_end` is called
        once, when the process has ended; its receiver cleans up and then sets `left`. `turn_to_fixed_port` creates the
        request part for the service's own port, which replaces that for $PORT. `depth`: number of wrapper processes
        around the application's own, which report its end as a shell does.
        """
        self.usage = usage
        loop = asyncio.get_running_loop()
        self.pid = watch.pid
        self.exited: asyncio.Future[ExitStatus] = loop.create_future()
        self.left: asyncio.Future[None] = loop.create_future()
        self._service = service
        self._leader = SessionLeader.of(watch.pid)
        self._sockets = sockets
        self._turn_to_fixed_port = turn_to_fixed_port
        self._was_well = False
        self._cpu = Throttle(cpu, self.exited.done)
        self._exceeded = exceeded
        self._killed = False  # True if `kill` sent SIGKILL, so that the kernel did not do so for a limit
        self._why_ended = ""
        self._depth = depth
        self._on_end = on_end
        watch.returned.add_done_callback(self._ended)

    def begin(self, exchange: Exchange) -> None:
        self._service.begin(exchange)

    def abort(self, exchange: Exchange) -> None:
        self._service.abort(exchange)

    async def probe(self, check: HealthCheck) -> str | None:
        with self._cpu.lent():
            return await self._probe(check)

    async def _probe(self, check: HealthCheck) -> str | None:
        """Probe, and verify that the instance still runs: a child of an ended one may answer for a moment."""
        why = await self._service.probe(check)
        if why is not None and not self._was_well and self._leader.is_alive() and await self._sockets.look():
            self._service = await self._turn_to_fixed_port()
            why = await self._service.probe(check)
        if why is None and (self.exited.done() or not self._leader.is_alive()):
            return ENDED
        self._was_well = self._was_well or why is None
        return why

    @property
    def has_fixed_port(self) -> bool:
        """True if it listens on the service's own port, which only one instance can use."""
        return self._sockets.has_fixed_port

    def listens_s(self) -> float:
        return 0.0

    def explain(self) -> str:
        if not self._leader.is_alive() or (self._was_well and not self.has_fixed_port):
            return ""
        return self._sockets.explain()

    def throttle(self) -> None:
        self._cpu.throttle()

    def wake(self) -> float:
        """Restore the CPU and return 0: the instance may get requests at once."""
        self._cpu.wake()
        return 0.0

    async def stop(self, grace_s: float) -> None:
        """Stop the process group as `Backend.stop` does.

        Raises:
            TimeoutError: if the kernel does not end the process within ten seconds after SIGKILL.
        """
        if not self.exited.done():
            await self._rouse()
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await asyncio.shield(self.exited)
        self.kill()
        async with asyncio.timeout(_DEATH_S_MAX):
            await asyncio.shield(self.left)

    def kill(self) -> None:
        self._killed = True
        self._signal(signal.SIGKILL)
        self.wake()  # a frozen process does not end, and one with little CPU takes long

    def end(self, why: str) -> None:
        """Kill the instance because it violated a platform rule; `why` becomes part of its exit status."""
        self._why_ended = self._why_ended or why
        self.kill()

    def _ended(self, returned: asyncio.Future[int]) -> None:
        # The leader has been reaped. As long as the group has a member, the kernel does not reuse its number; if it has
        # none, the number cannot have been reused in the short time since.
        self._to_group(signal.SIGKILL)
        code = returned.result()
        status = exit_status(_BY_SIGNAL - code if self._depth and code > _BY_SIGNAL else code)
        by_kernel = status.code == _SIGKILLED and not self._killed
        why = self._exceeded() if by_kernel else self._why_ended
        if not why and not self._was_well and not self._killed and status.code:
            why = self._sockets.explain_end()
        self.exited.set_result(ExitStatus(status.code, f"{status.detail}, {why}") if why else status)
        self._on_end(self)

    async def _rouse(self) -> None:
        """Restore the CPU before SIGTERM is sent, and wait briefly until the first thread runs again.

        In a frozen or just thawed thread the kernel assumes a pending signal and delivers the next signal to another
        thread, but a Python program, for example, handles signals only in its first thread.
        """
        stopped = self._cpu.is_stopped
        self.wake()
        for _ in range(_ROUSE_LOOKS_MAX if stopped else 0):
            if is_waiting(innermost(self.pid, self._depth)):
                break
            await asyncio.sleep(_ROUSE_LOOK_S)

    def _signal(self, number: signal.Signals) -> None:
        if not self.exited.done():
            self._to_group(number)

    def _to_group(self, number: signal.Signals) -> None:
        # PermissionError: the remaining members belong to another user
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def exit_status(returned: int) -> ExitStatus:
    """Convert a Unix return code, negative for a signal, to the status of a container, 128 + n (facts 9)."""
    if returned >= 0:
        return ExitStatus(returned, f"Container exit code: {returned}")
    try:
        name = signal.Signals(-returned).name
    except ValueError:
        name = f"signal {-returned}"
    return ExitStatus(_BY_SIGNAL - returned, f"ended by {name}")
