"""A running instance that is a local process with its group: signals out, its exit and its requests in."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

from simulator.fleet.driver import ExitStatus
from simulator.fleet.exchange import Exchange
from simulator.fleet.process_watch import ExitWatch
from simulator.model.health import HealthCheck

# SIGKILL works at once unless the kernel holds the process in a system call that cannot be interrupted.
_DEATH_S_MAX: Final = 10.0


class Throttling(StrEnum):
    """What an idle instance loses. App Runner takes its CPU; a share of it needs control groups, a later issue."""

    NONE = "none"
    FREEZE = "freeze"  # SIGSTOP to the group: all of its CPU, timers and background work included


class RequestService(Protocol):
    """The requests of an instance that listens on a port: fleet/http_backend.py's HttpService."""

    def begin(self, exchange: Exchange) -> None: ...
    def abort(self, exchange: Exchange) -> None: ...
    async def probe(self, check: HealthCheck) -> str | None: ...
    async def close(self) -> None: ...


class ProcessBackend:
    """Implements `Backend`. Made by the process driver for a process that leads a session and group of its own.

    The end of the leading process is the end of the instance, as with the first process of a container: what is left
    of its group is killed at once. After `exited` comes `left`: the driver has swept up and nothing remains.
    """

    def __init__(
        self,
        watch: ExitWatch,
        service: RequestService,
        throttling: Throttling,
        on_end: Callable[[ProcessBackend], None],
    ) -> None:
        """`on_end` is called once, when the process has ended; whoever gets it sweeps up and then sets `left`."""
        loop = asyncio.get_running_loop()
        self.pid = watch.pid
        self.exited: asyncio.Future[ExitStatus] = loop.create_future()
        self.left: asyncio.Future[None] = loop.create_future()
        self._service = service
        self._throttling = throttling
        self._frozen = False
        self._on_end = on_end
        watch.returned.add_done_callback(self._ended)

    def begin(self, exchange: Exchange) -> None:
        self._service.begin(exchange)

    def abort(self, exchange: Exchange) -> None:
        self._service.abort(exchange)

    async def probe(self, check: HealthCheck) -> str | None:
        if not self._frozen:
            return await self._service.probe(check)
        # App Runner probes idle instances too, and theirs answer: a throttled CPU is slow, not stopped.
        self._signal(signal.SIGCONT)
        try:
            return await self._service.probe(check)
        finally:
            if self._frozen:
                self._signal(signal.SIGSTOP)

    def throttle(self) -> None:
        if self._throttling is Throttling.FREEZE:
            self._frozen = True
            self._signal(signal.SIGSTOP)

    def wake(self) -> float:
        if self._frozen:
            self._frozen = False
            self._signal(signal.SIGCONT)
        return 0.0

    async def stop(self, grace_s: float) -> None:
        """As `Backend.stop`.

        Raises:
            TimeoutError: when the kernel does not let the process die (ten seconds after SIGKILL).
        """
        if not self.exited.done():
            self._signal(signal.SIGTERM)
            self.wake()  # a frozen process would see the signal only when it is thawed
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await asyncio.shield(self.exited)
        self.kill()
        async with asyncio.timeout(_DEATH_S_MAX):
            await asyncio.shield(self.left)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _ended(self, returned: asyncio.Future[int]) -> None:
        # The leader has been collected. While a member is left the group's number is not given away; when none is, it
        # cannot have come round to another process in the moment that has passed.
        self._to_group(signal.SIGKILL)
        self.exited.set_result(exit_status(returned.result()))
        self._on_end(self)

    def _signal(self, number: signal.Signals) -> None:
        if not self.exited.done():
            self._to_group(number)

    def _to_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # PermissionError: members of another user only
            os.killpg(self.pid, number)


def exit_status(code: int) -> ExitStatus:
    """In App Runner's words where a container's exit code is known to it (facts 9), else the signal's name."""
    if code >= 0:
        return ExitStatus(code, f"Container exit code: {code}")
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return ExitStatus(code, f"ended by {name}")
