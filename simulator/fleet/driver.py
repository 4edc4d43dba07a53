"""The driver port: how an instance is started, probed, stopped, and how it gets its requests.

The same contract holds for simulated instances, local processes and containers; pool, prober and
autoscaler cannot tell which.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from simulator.fleet.exchange import Exchange
from simulator.model.health import HealthCheck, stopped_line
from simulator.model.sizes import InstanceSize


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """What is to run: one instance of a service."""

    service: str
    number: int  # within the service, from 1, never used twice
    size: InstanceSize
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # secrets among it
    port: int = 0  # of the service's configuration; 0 when nobody says


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How an instance ended by itself. `code` as containers report it, 128 + n for signal n; `detail` says more."""

    code: int
    detail: str = ""

    @property
    def sentence(self) -> str:
        """Facts 9, verbatim, and what more is known."""
        text = stopped_line(self.code)
        more = self.detail.removeprefix(f"Container exit code: {self.code}").removeprefix(", ")
        return f"{text} ({more})" if more else text


@dataclass(frozen=True, slots=True)
class Usage:
    """What an instance has used of its size: CPU seconds since its launch, and bytes of memory at this moment."""

    cpu_s: float
    memory_bytes: float


class LaunchError(Exception):
    """The instance could not be launched at all: program not found, no port, ... The message says what and why."""


class NotReady(LaunchError):
    """An instance did not become ready, or did not stay. `why`: in App Runner's words if they are known; `slow`: its
    time was over; `saw`: a sentence of ours with what its health checks saw, if there is more to say.
    """

    def __init__(self, service: str, why: str, *, slow: bool, saw: str = "") -> None:
        self.why = why
        self.slow = slow
        self.saw = saw
        super().__init__(f"service {service}: {why}{' ' if saw else ''}{saw}")


class Backend(Protocol):
    """A launched instance. One owner: the pool's Instance."""

    exited: asyncio.Future[ExitStatus]  # done when the instance ended, by itself or by `stop` or `kill`

    def begin(self, exchange: Exchange) -> None:
        """Take the request of `exchange`; it ends through `exchange.answered` or the front's own way."""

    def abort(self, exchange: Exchange) -> None:
        """The front gave up on it (time limit, client gone). The application is not told and may go on working."""

    async def probe(self, check: HealthCheck) -> str | None:
        """One health probe; None when it passed, else why not. Bounded by `check.timeout_s`."""

    def throttle(self) -> None:
        """Idle: memory kept, CPU taken away."""

    def wake(self) -> float:
        """Give the CPU back; seconds after which requests may be forwarded (0 = at once)."""

    async def stop(self, grace_s: float) -> None:
        """SIGTERM, up to `grace_s`, SIGKILL. Returns when nothing of the instance is left. Idempotent."""

    def kill(self) -> None:
        """End it at once, as a crash does. `exited` follows."""

    def usage(self) -> Usage | None:
        """What it has used so far; None where nobody can tell, as with a container engine elsewhere."""


class Driver(Protocol):
    """Launches instances of one application. Launching ends when the instance exists, not when it is ready."""

    async def launch(self, spec: InstanceSpec) -> Backend:
        """Raises LaunchError."""

    async def close(self) -> None:
        """Leave nothing behind: no process, no temporary folder."""
