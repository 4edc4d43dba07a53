"""The driver of a server that runs already: its only instance, which is neither started nor ended nor limited.

CPU and memory are those of the process that listens on the port, with its descendants, from /proc. The server keeps
running when the instance ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from simulator.fleet.ports import (
    Exchange,
    ExitStatus,
    InstanceSpec,
    LaunchError,
    ResourceUsage,
    no_work,
)
from simulator.fleet.process.backend import RequestService
from simulator.fleet.process.kernel_listeners import listener_of
from simulator.fleet.process.limits import ProcessUsage
from simulator.fleet.running.running_application import RunningApplication
from simulator.model.health import HealthCheck

_KILLED: Final = ExitStatus(137, "the platform gave it up; the server itself runs on")
_STOPPED: Final = ExitStatus(0, "the server itself runs on")


class RunningBackend:
    """The instance: requests and health checks go to the server."""

    def __init__(self, service: RequestService, usage: ProcessUsage | None) -> None:
        """Create it. `usage`: of the server's processes; None if they are unknown."""
        self.exited: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()
        self._service = service
        self._usage = usage
        self._before_s = 0.0 if usage is None else usage.used_s()  # before the instance existed

    def begin(self, exchange: Exchange) -> None:
        self._service.begin(exchange)

    def abort(self, exchange: Exchange) -> None:
        self._service.abort(exchange)

    async def probe(self, check: HealthCheck) -> str | None:
        return await self._service.probe(check)

    def throttle(self) -> None:
        """Do nothing: the server keeps its CPU."""

    def wake(self) -> float:
        return 0.0

    async def stop(self, grace_s: float) -> None:
        """End the instance; the server runs on."""
        del grace_s
        self._end(_STOPPED)
        await self._service.close()

    def kill(self) -> None:
        self._end(_KILLED)

    def usage(self) -> ResourceUsage | None:
        usage = None if self._usage is None else self._usage.now()
        return None if usage is None else usage._replace(cpu_s=usage.cpu_s - self._before_s)

    def used_s(self) -> float:
        """Return the CPU seconds since the instance exists, also after the server has ended; 0 if they are unknown."""
        return 0.0 if self._usage is None else self._usage.used_s() - self._before_s

    def listens_s(self) -> float:
        return 0.0

    def explain(self) -> str:
        return ""

    def _end(self, status: ExitStatus) -> None:
        if not self.exited.done():
            self.exited.set_result(status)


class RunningDriver:
    """Implements `Driver` for one server."""

    is_simulated = takes_variables = False
    ejection_applies = has_fixed_port = True
    own_loopback = None
    limits_in_force = "CPU and memory limits: none, the server runs already; idle instances: keep their CPU"
    draw = staticmethod(no_work)
    finished = None

    def __init__(self, application: RunningApplication, serve: Callable[[str, int], RequestService]) -> None:
        """Create the driver. `serve(host, port)` creates the request part of a backend, such as an HttpService."""
        self._application = application
        self._serve = serve
        self._living: RunningBackend | None = None
        self._gone_used_s = 0.0

    async def launch(self, spec: InstanceSpec) -> RunningBackend:
        """Return the instance.

        Raises:
            LaunchError: if there is one already: the server is one instance.
        """
        host, port = self._application.server
        if self._living is not None and not self._living.exited.done():
            msg = f"instance {spec.number} of {spec.service} could not be launched: {host}:{port} is one instance"
            raise LaunchError(msg)
        self._gone_used_s = self.cpu_used_s()
        pid = await asyncio.get_running_loop().run_in_executor(None, listener_of, port)
        self._living = RunningBackend(self._serve(host, port), None if pid is None else ProcessUsage(pid))
        return self._living

    def cpu_used_s(self) -> float:
        """Return the CPU seconds that the server has used for its instances; 0 if its processes are unknown."""
        return self._gone_used_s + (0.0 if self._living is None else self._living.used_s())

    async def close(self) -> None:
        """End the instance; the server runs on."""
        if self._living is not None:
            await self._living.stop(0.0)
