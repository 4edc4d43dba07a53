"""The request side of an instance over real sockets: connections, retries, probes."""

from __future__ import annotations

import asyncio
import socket
from typing import Self

import pytest

from simulator.fleet.exchange import PooledExchange
from simulator.fleet.http.backend import HttpExchange, HttpService
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.health import HealthCheck, HealthProtocol
from simulator.model.rejection import CONNECT_FAILURE, TERMINATED, Rejection
from simulator.model.times import LoopTime
from simulator.wire.http1.response import ResponseHead
from simulator.wire.upstream import UpstreamConnection
from tests.loops import both_loops

HTTP = HealthCheck(HealthProtocol.HTTP, path="/health", timeout_s=1)
TCP = HealthCheck(timeout_s=1)


class Call(HttpExchange):
    """A request without a body. Its outcome, the response's body or the rejection, can be awaited."""

    __slots__ = ("body", "method", "outcome")

    def __init__(self, method: bytes = b"GET") -> None:
        super().__init__(LoopTime(0.0))
        self.method = method
        self.body = b""
        self.outcome: asyncio.Future[bytes | Rejection] = asyncio.get_running_loop().create_future()

    @property
    def head_only(self) -> bool:
        return False

    def connected(self, link: UpstreamConnection) -> None:
        link.write(self.method + b" / HTTP/1.1\r\nHost: a\r\n\r\n", last=True)

    def informational_response(self, head: ResponseHead) -> None: ...

    def response_started(self, head: ResponseHead, piece: bytes, *, complete: bool) -> None:
        self.response_continued(piece, complete=complete)

    def response_continued(self, piece: bytes, *, complete: bool) -> None:
        self.body += piece
        if complete:
            self.outcome.set_result(self.body)

    def broken(self, rejection: Rejection) -> None:
        self.outcome.set_result(rejection)

    def may_repeat(self) -> bool:
        return self.method == b"GET"

    def upload_full(self) -> None: ...
    def upload_drained(self) -> None: ...


class Application:
    """Answers the requests of its n-th connection with `answers[n]`; closes the connection after the last one."""

    def __init__(self, *answers: list[bytes]) -> None:
        self.answers = list(answers)
        self.connections = 0
        self.asked = asyncio.Event()  # a request has arrived
        self.lost = asyncio.Event()  # the balancer has closed a connection

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers = self.answers[min(self.connections, len(self.answers) - 1)]
        self.connections += 1
        try:
            for answer in answers:
                await reader.readuntil(b"\r\n\r\n")
                self.asked.set()
                writer.write(answer)
            # The last response was sent. The test decides whether the connection is closed while it is idle or busy.
            await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            self.lost.set()
        finally:
            writer.close()


def text(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def outcome(service: HttpService, call: Call) -> bytes | Rejection:
    service.begin(call)
    async with asyncio.timeout(60):
        return await call.outcome


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.row(85)
@both_loops
async def test_connections_are_reused() -> None:
    async with Application([text(b"1"), text(b"2"), text(b"3")]) as application:
        service = HttpService("127.0.0.1", application.port)
        assert [await outcome(service, Call()) for _ in range(3)] == [b"1", b"2", b"3"]
        assert application.connections == 1
        await service.close()


@pytest.mark.row(108)
@both_loops
async def test_a_request_that_may_be_repeated_gets_a_new_connection_if_a_reused_one_breaks() -> None:
    async with Application([text(b"1")], [text(b"again")]) as application:
        service = HttpService("127.0.0.1", application.port)
        assert await outcome(service, Call()) == b"1"
        assert await outcome(service, Call()) == b"again"
        assert application.connections == 2
        await service.close()


@pytest.mark.row(109)
@both_loops
async def test_a_request_that_may_not_be_repeated_is_terminated() -> None:
    async with Application([text(b"1")], [text(b"again")]) as application:
        service = HttpService("127.0.0.1", application.port)
        assert await outcome(service, Call(b"POST")) == b"1"
        assert await outcome(service, Call(b"POST")) == TERMINATED
        assert application.connections == 1
        await service.close()


@pytest.mark.row(101)
@both_loops
async def test_an_idle_connection_is_not_used_when_it_is_old() -> None:
    async with Application([text(b"1")], [text(b"2")]) as application:
        service = HttpService("127.0.0.1", application.port, DataPlaneLimits(upstream_idle_s=0.05))
        assert await outcome(service, Call()) == b"1"
        await application.lost.wait()
        assert await outcome(service, Call()) == b"2"
        await service.close()


@both_loops
async def test_a_closed_port_is_a_connect_failure() -> None:
    service = HttpService("127.0.0.1", free_port())
    assert await outcome(service, Call()) == CONNECT_FAILURE
    await service.close()


@both_loops
async def test_closing_the_service_terminates_its_requests() -> None:
    async with Application([b""]) as application:
        service = HttpService("127.0.0.1", application.port)
        call = Call()
        service.begin(call)
        await application.asked.wait()
        await service.close()
        assert await call.outcome == TERMINATED


@both_loops
async def test_a_request_that_a_closed_service_has_not_sent_may_go_elsewhere() -> None:
    async with Application([]) as application:
        service = HttpService("127.0.0.1", application.port)
        call = Call()
        service.begin(call)
        await service.close()
        assert await call.outcome == CONNECT_FAILURE
        assert await outcome(service, Call()) == CONNECT_FAILURE


@both_loops
async def test_an_aborted_request_gets_no_further_events() -> None:
    async with Application([text(b"1")]) as application:
        service = HttpService("127.0.0.1", application.port)
        call = Call()
        service.begin(call)
        service.abort(call)
        assert await outcome(service, Call()) == b"1"
        assert not call.outcome.done()
        await service.close()


@both_loops
async def test_only_what_has_bytes_can_be_carried() -> None:
    service = HttpService("127.0.0.1", 1)
    with pytest.raises(AssertionError, match="cannot be carried over HTTP"):
        service.begin(PooledExchange(LoopTime(0.0)))
    await service.close()


@both_loops
async def test_a_tcp_probe_needs_a_connection_only() -> None:
    async with Application([]) as application:
        service = HttpService("127.0.0.1", application.port)
        assert await service.probe(TCP) is None
        await service.close()
    service = HttpService("127.0.0.1", free_port())
    assert await service.probe(TCP) == "connection refused"
    await service.close()


@both_loops
async def test_an_http_probe_requires_a_2xx() -> None:
    answers = [[text(b"ok")], [b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"], [b"HTTP/1.1 302 F\r\n\r\n"]]
    async with Application(*answers) as application:
        service = HttpService("127.0.0.1", application.port)
        assert [await service.probe(HTTP) for _ in range(3)] == [None, "status 503", "status 302"]
        await service.close()


@both_loops
async def test_a_probe_without_a_response_ends_at_its_time_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel accepts the connection, and no response is sent
        service = HttpService("127.0.0.1", silent.getsockname()[1])
        assert await service.probe(HTTP) == "no answer within 1 s"
        await service.close()
    service = HttpService("127.0.0.1", free_port())
    assert await service.probe(HTTP) == "connection refused"
    await service.close()
