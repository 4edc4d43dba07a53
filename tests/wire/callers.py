"""A caller of upstream connections that records its calls, and a network on which connections open when the
test wants.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from simulator.model.rejection import Rejection
from simulator.wire.http1.response import ResponseHead
from simulator.wire.upstream import UpstreamConnection
from tests.edge.front import FakeTransport

REQUEST = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class RecordingCaller:
    """Sends `request` when it is connected. `calls` has the calls by the connection, in order."""

    def __init__(
        self,
        request: bytes = REQUEST,
        *,
        head_only: bool = False,
        tunnels: bool = False,
        repeats: bool = True,
        safe: bool = True,
        complete: bool = True,
    ) -> None:
        self.link: UpstreamConnection | None = None
        self.head_only, self.tunnels = head_only, tunnels
        self.calls: list[Any] = []
        self.on_end: Callable[[], object] = lambda: None
        self.keeps_tunnel_open = False
        self._request, self._complete = request, complete
        self._repeats, self._safe = repeats, safe

    def connected(self, link: UpstreamConnection) -> None:
        self.calls.append("connected")
        link.write(self._request, last=self._complete)

    def informational_response(self, head: ResponseHead) -> None:
        self.calls.append(head.status)

    def response_started(self, head: ResponseHead, piece: bytes, *, complete: bool) -> None:
        self.calls.append((head.status, piece, complete))
        if complete:
            self.on_end()

    def response_continued(self, piece: bytes, *, complete: bool) -> None:
        self.calls.append((piece, complete))
        if complete:
            self.on_end()

    def broken(self, rejection: Rejection) -> None:
        self.calls.append(rejection.name)

    def application_ended(self) -> bool:
        self.calls.append("application ended")
        return self.keeps_tunnel_open

    def may_repeat(self) -> bool:
        return self._repeats

    def is_safe_to_lose(self) -> bool:
        return self._safe

    def upload_full(self) -> None:
        self.calls.append("full")

    def upload_drained(self) -> None:
        self.calls.append("drained")


class FakeNetwork:
    """Replaces the running loop's `create_connection`: each connection opens after `delay_s`, or fails with `error`."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.error: OSError | None = None
        self.transports: list[FakeTransport] = []
        asyncio.get_running_loop().create_connection = self._connect  # type: ignore[method-assign,assignment]

    async def _connect(self, factory: Callable[[], UpstreamConnection], _host: str, _port: int) -> None:
        await asyncio.sleep(self.delay_s)
        if self.error is not None:
            raise self.error
        link = factory()
        self.transports.append(FakeTransport(link))
        link.connection_made(self.transports[-1])

    def answer(self, number: int, data: bytes = OK) -> None:
        """Deliver `data` on the connection with that number, from 0 in order of opening."""
        self.transports[number].protocol.data_received(data)

    def end(self, number: int, error: Exception | None = None) -> None:
        """End the connection from the application's side."""
        link = cast("UpstreamConnection", self.transports[number].protocol)
        self.transports[number].closing = True
        link.eof_received()
        link.connection_lost(error)
