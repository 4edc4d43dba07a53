"""Instances that are servers in the test's own process: they start within a millisecond and use real sockets."""

from __future__ import annotations

import asyncio
from typing import cast

import httptools

from simulator.fleet.http.backend import HttpService
from simulator.fleet.ports import Exchange, ExitStatus, InstanceSpec, ResourceUsage
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.health import HealthCheck

# A response takes 0 to 19 ms, so that some request is always in progress when something happens to its instance.
_WORK_MS = 20


class Application(asyncio.Protocol):
    """Answers each request with its target after a short time. It keeps the open exchanges of its backend."""

    def __init__(self, backend: InProcessBackend) -> None:
        self.transport: asyncio.Transport
        self._backend = backend
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._backend.connections[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._backend.connections.pop(self, None)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_message_complete(self) -> None:
        target, self._target = self._target, b""
        self._backend.served += 1
        work_s = (self._backend.served * 7 % _WORK_MS) / 1000
        asyncio.get_running_loop().call_later(work_s, self._answer, target)

    def _answer(self, target: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(target), target))


class InProcessBackend:
    """Implements `Backend`. `connections`: those of the application's side."""

    def __init__(self, limits: DataPlaneLimits) -> None:
        self.exited: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()
        self.connections: dict[Application, None] = {}
        self.served = 0
        self._limits = limits
        self._server: asyncio.Server
        self._service: HttpService

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Application(self), "127.0.0.1", 0)
        self._service = HttpService("127.0.0.1", self._server.sockets[0].getsockname()[1], self._limits)

    def begin(self, exchange: Exchange) -> None:
        self._service.begin(exchange)

    def abort(self, exchange: Exchange) -> None:
        self._service.abort(exchange)

    async def probe(self, check: HealthCheck) -> str | None:
        return await self._service.probe(check)

    def throttle(self) -> None: ...

    def wake(self) -> float:
        return 0.0

    async def stop(self, grace_s: float) -> None:
        """Stop at once. The application has nothing to finish: it was drained, or it is to be killed."""
        self._exit(0)
        await self._service.close()

    def kill(self) -> None:
        self._exit(137)

    def usage(self) -> ResourceUsage | None:
        return None

    def listens_s(self) -> float:
        return 0.0

    def explain(self) -> str:
        return ""

    def _exit(self, code: int) -> None:
        """End as a process does for the network: it no longer listens, and every connection is reset."""
        if not self.exited.done():
            self._server.close()
            for connection in list(self.connections):
                connection.transport.abort()
            self.exited.set_result(ExitStatus(code))


class InProcessDriver:
    """Implements `Launcher`. `launched`: all backends in the order of their launch."""

    has_fixed_port = False

    def __init__(self, limits: DataPlaneLimits) -> None:
        self.launched: list[InProcessBackend] = []
        self._limits = limits

    async def launch(self, spec: InstanceSpec) -> InProcessBackend:
        backend = InProcessBackend(self._limits)
        await backend.open()
        self.launched.append(backend)
        return backend

    async def close(self) -> None:
        assert all(backend.exited.done() for backend in self.launched), "an instance was left behind"
