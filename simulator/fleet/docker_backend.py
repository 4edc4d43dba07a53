"""A running instance that is a container: the engine's calls out, its exit and its requests in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from simulator.fleet.docker_engine import Ended, EngineGone, Running
from simulator.fleet.driver import ExitStatus, Usage
from simulator.fleet.exchange import Exchange
from simulator.fleet.process_backend import CpuSwitch, RequestService, exit_status
from simulator.model.health import HealthCheck, HealthProtocol

# Removing a container takes tenths of a second, and as long as this on a machine with much else to do.
_DEATH_S_MAX: Final = 30.0
_SIGNALLED: Final = 128  # a container's exit code is this plus the number of the signal that ended it
_KILLED: Final = 137
_LISTEN: Final = "0A"  # of /proc/net/tcp
_LOOPBACK_V4: Final = "0100007F"


class ContainerBackend:
    """Implements `Backend`. Made by the Docker driver, which owns the engine and removes the container.

    After `exited` comes `left`: the container is gone.
    """

    def __init__(
        self,
        running: Running,
        inside_port: int,
        service: RequestService,
        cpu: CpuSwitch,
        send: Callable[[ContainerBackend, str], asyncio.Task[None]],
        usage: Callable[[], Usage | None],
    ) -> None:
        """`send(backend, "SIGTERM")` begins to send a signal through the engine."""
        self.usage = usage
        loop = asyncio.get_running_loop()
        self.container = running.container
        self.exited: asyncio.Future[ExitStatus] = loop.create_future()
        self.left: asyncio.Future[None] = loop.create_future()
        self._pid = running.pid
        self._inside_port = inside_port
        self._service = service
        self._cpu = cpu
        self._send = send
        self._throttled = False
        self._why_ended = ""

    def begin(self, exchange: Exchange) -> None:
        self._service.begin(exchange)

    def abort(self, exchange: Exchange) -> None:
        self._service.abort(exchange)

    async def probe(self, check: HealthCheck) -> str | None:
        stopped = self._throttled and self._cpu.stops
        if stopped:  # App Runner's idle instances answer their probes: a throttled CPU is slow, not stopped
            self._turn(self._cpu.give)
        try:
            # The engine's own proxy accepts connections whether the application listens or not.
            if check.protocol is HealthProtocol.TCP and listens(self._pid, self._inside_port) is False:
                return "connection refused"
            return await self._service.probe(check)
        finally:
            if stopped and self._throttled:
                self._turn(self._cpu.take)

    def throttle(self) -> None:
        self._throttled = True
        self._turn(self._cpu.take)

    def wake(self) -> float:
        """It has its CPU when this returns."""
        if self._throttled:
            self._throttled = False
            self._turn(self._cpu.give)
        return 0.0

    async def stop(self, grace_s: float) -> None:
        """As `Backend.stop`.

        Raises:
            TimeoutError: when the engine does not get rid of the container.
        """
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
            self.wake()  # a frozen process does not die
            self._send(self, "SIGKILL")

    def end(self, why: str) -> None:
        """Kill it for breaking a rule of the platform; `why` becomes part of its exit status."""
        self._why_ended = self._why_ended or why
        self.kill()

    # --- what the driver tells ---

    def ended(self, how: Ended, memory_gb: float) -> None:
        status = exit_status(_SIGNALLED - how.code if how.code > _SIGNALLED else how.code)
        why = self._why_ended or (f"out of memory: it has {memory_gb:g} GB" if how.out_of_memory else "")
        self._exit(ExitStatus(status.code, f"{status.detail}, {why}") if why else status)

    def lost(self, why: EngineGone) -> None:
        """The engine is away, and so is the instance, as far as anybody can tell."""
        self._exit(ExitStatus(_KILLED, str(why)))

    def _exit(self, status: ExitStatus) -> None:
        if not self.exited.done():
            self.exited.set_result(status)

    def _turn(self, turn: Callable[[], None]) -> None:
        if not self.exited.done():
            with contextlib.suppress(OSError):  # it has ended, and its control group with it; `exited` follows
                turn()


def listens(pid: int, port: int, proc: Path = Path("/proc")) -> bool | None:
    """Whether something listens on `port`, reachable from outside, where process `pid` has its network.

    An application that listens on 127.0.0.1 of its container fails App Runner's health check (facts 5.2), and this one.
    None when it cannot be told from here: the process is another machine's, or gone.
    """
    if pid <= 0:
        return None
    told = []
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            told += (proc / str(pid) / "net" / table).read_text().splitlines()[1:]
    if not told:
        return None if not (proc / str(pid) / "net" / "tcp").exists() else False
    for line in told:  # "  0: 00000000:1F90 00000000:0000 0A ..."
        address, _, number = line.split()[1].rpartition(":")
        if line.split()[3] == _LISTEN and int(number, 16) == port and not _is_loopback(address):
            return True
    return False


def _is_loopback(address: str) -> bool:
    """127.0.0.1, ::1, or the first mapped into IPv6, as the kernel writes them on a little-endian machine."""
    return address in {_LOOPBACK_V4, "0" * 24 + "01000000", f"0000000000000000FFFF0000{_LOOPBACK_V4}"}
