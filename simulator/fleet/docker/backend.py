"""A running instance that is a container: its exit, signals sent through the engine, and its requests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from simulator.fleet.docker.config import HOST
from simulator.fleet.docker.engine import Ended, EngineGone, Running
from simulator.fleet.ports import Exchange, ExitStatus, ResourceUsage
from simulator.fleet.process.backend import RequestService, exit_status
from simulator.fleet.process.kernel_listeners import SessionLeader, listening, listens
from simulator.fleet.process.throttling import CpuSwitch, Throttle
from simulator.model.health import HealthCheck, HealthProtocol
from simulator.wire.probe import stays_open

__all__ = ["ContainerBackend", "listens"]

# Removing a container takes tenths of a second, but up to this time on a busy machine.
_DEATH_S_MAX: Final = 30.0
_SIGNALLED: Final = 128  # the exit code of a container is this plus the number of the signal that ended it
_KILLED: Final = 137

# ASSUMPTION: the engine's proxy closes a connection that the application does not accept within milliseconds, and an
# application that accepts a connection does not close it as soon. Settled by timing a proxy to a port on which no
# process listens.
_KEPT_S: Final = 0.1

REJECTED: Final = "connection refused"
ENDED: Final = "the container has ended"


class ContainerBackend:
    """Implements `Backend`. Created by the Docker driver, which owns the engine and removes the container.

    `left` is set after `exited`, once the container has been removed.
    """

    def __init__(
        self,
        running: Running,
        inside_port: int,
        service: RequestService,
        cpu: CpuSwitch,
        send: Callable[[ContainerBackend, str], asyncio.Task[None]],
        usage: Callable[[], ResourceUsage | None],
        *,
        leader: SessionLeader | None,
        is_running: Callable[[], Awaitable[bool]],
    ) -> None:
        """Create the backend. `send(backend, "SIGTERM")` starts to send a signal through the engine. `leader`: the
        container's first process; None if it runs on another machine, and then `is_running` asks the engine whether it
        still runs.
        """
        self.usage = usage
        loop = asyncio.get_running_loop()
        self.container = running.container
        self.exited: asyncio.Future[ExitStatus] = loop.create_future()
        self.left: asyncio.Future[None] = loop.create_future()
        self._leader = leader
        self._is_running = is_running
        self.simulator_ports: frozenset[int] = frozenset()  # ports on its loopback that the simulator serves
        self._port = running.port
        self._inside_port = inside_port
        self._service = service
        self._cpu = Throttle(cpu, self.exited.done)
        self._send = send
        self._why_ended = ""

    def begin(self, exchange: Exchange) -> None:
        self._service.begin(exchange)

    def abort(self, exchange: Exchange) -> None:
        self._service.abort(exchange)

    async def probe(self, check: HealthCheck) -> str | None:
        with self._cpu.lent():
            return await self._probe(check)

    async def _probe(self, check: HealthCheck) -> str | None:
        """Probe, and verify that the instance itself listens and still runs afterwards.

        The engine's proxy accepts connections whether the application listens or not, and for a while after the
        container has ended, so an accepted connection is no proof.
        """
        if self.exited.done():
            return ENDED
        if self._leader is not None:
            if not self._leader.is_alive():
                return ENDED
            if self._inside_port not in listening(self._leader.pid).outside:
                return REJECTED
        why = await self._service.probe(check)
        if why is None and self._leader is None and check.protocol is HealthProtocol.TCP and not await self._is_kept():
            return REJECTED
        return why if why is not None or await self._exists() else ENDED

    async def _is_kept(self) -> bool:
        """Connect from outside and wait: the engine's proxy closes a connection that the application rejects."""
        return await stays_open(HOST, self._port, _KEPT_S)

    async def _exists(self) -> bool:
        if self.exited.done():
            return False
        return self._leader.is_alive() if self._leader is not None else await self._is_running()

    def listens_s(self) -> float:
        return 0.0

    def explain(self) -> str:
        if self._leader is None or not self._leader.is_alive():
            return ""
        seen = listening(self._leader.pid, without=self.simulator_ports)
        why = seen.explain(self._inside_port)
        if not seen.outside or not why:
            return why
        return f"{why}: set the service's port to {seen.outside[0]}, or let it listen on $PORT"

    def throttle(self) -> None:
        self._cpu.throttle()

    def wake(self) -> float:
        """Restore the CPU and return 0: the instance may get requests at once."""
        self._cpu.wake()
        return 0.0

    async def stop(self, grace_s: float) -> None:
        """Stop the container as `Backend.stop` does."""
        if not self.exited.done() and grace_s > 0:
            self.wake()
            await asyncio.wait((self._send(self, "SIGTERM"), self.exited), return_when=asyncio.FIRST_COMPLETED)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await asyncio.shield(self.exited)
        self.kill()
        async with asyncio.timeout(_DEATH_S_MAX):
            await asyncio.shield(self.left)

    def kill(self) -> None:
        if not self.exited.done():
            self.wake()  # thaw it: a frozen process does not end
            self._send(self, "SIGKILL")

    def end(self, why: str) -> None:
        """Kill it because it violated a platform rule; `why` becomes part of its exit status."""
        self._why_ended = self._why_ended or why
        self.kill()

    # --- calls by the driver ---

    def ended(self, how: Ended, memory_gb: float) -> None:
        status = exit_status(_SIGNALLED - how.code if how.code > _SIGNALLED else how.code)
        why = self._why_ended or (f"out of memory: it has {memory_gb:g} GB" if how.out_of_memory else "")
        self._exit(ExitStatus(status.code, f"{status.detail}, {why}") if why else status)

    def lost(self, why: EngineGone) -> None:
        """End the instance because the engine does not answer, so its container cannot be observed."""
        self._exit(ExitStatus(_KILLED, str(why)))

    def _exit(self, status: ExitStatus) -> None:
        if not self.exited.done():
            self.exited.set_result(status)
