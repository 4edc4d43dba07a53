"""The live load on loopback sockets: open and closed sources, errors, limits, cancellation."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.model.times import RUN_START, RunTime
from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.closed import ClosedLoad
from simulator.traffic.live.load import Load
from simulator.traffic.live.open import OpenLoad
from simulator.traffic.live.request import RequestChoice, Shot
from simulator.traffic.live.settings import LoadLimits, LoadTarget
from simulator.wire.ca import CertificateAuthority
from simulator.wire.tls import ServerCertificates, client_context
from simulator.world.clock import monotonic_s
from simulator.world.running_loop import running_loop
from tests.loops import both_loops
from tests.traffic.live.load_server import ANSWER, Rows, client_of, serving

GET = RequestChoice()
GUARD_S = 60.0  # Guard for waits: what a test waits for takes milliseconds on an idle machine.


def every(interval_s: float, n: int, source: int = 0) -> Iterator[tuple[RunTime, RequestChoice, int]]:
    return ((RunTime(index * interval_s), GET, source) for index in range(n))


def load(client: LoadClient, arrivals: Iterator[tuple[RunTime, RequestChoice, int]]) -> Load:
    return Load([client], [OpenLoad(client, arrivals)])


async def send_sequentially(client: LoadClient, *choices: RequestChoice) -> None:
    """Send each request when the previous one has its outcome, and close."""
    for choice in choices:
        client.send(Shot(0, RunTime(client.now() - client.origin_s), choice))
        await client.drained()
    await client.close()


def users(client: LoadClient, n: int, think_s: float, until_s: float) -> ClosedLoad:
    return ClosedLoad(
        client, 1, itertools.repeat(GET), lambda: think_s, users=n, from_s=RUN_START, until_s=RunTime(until_s)
    )  # fmt: skip


@both_loops
async def test_every_request_is_sent_answered_and_recorded_once() -> None:
    rows = Rows()
    async with serving() as server:
        (summary,) = await load(client_of(server, rows), every(0.002, 100, source=4)).run()
        assert (summary.sent, summary.answered, summary.errors, summary.unfinished) == (100, 100, 0, 0)
        assert server.requests == len(rows.rows) == 100
        assert set(rows.sources) == {4}
        assert set(rows.statuses) == {200}


async def test_the_parts_of_the_time_are_those_of_the_response() -> None:
    rows = Rows()
    async with serving() as server:
        await load(client_of(server, rows), every(0, 1)).run()
        _, _, _, queue_s, cold_s, service_s, _, instance, _ = rows.rows[0]
        assert (queue_s, cold_s, service_s, instance) == (0.001, 0.0, 0.0025, 3)


@pytest.mark.case("L75")
@pytest.mark.parametrize("interim", [b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
@both_loops
async def test_the_time_of_a_streaming_body_is_service_time(interim: bytes) -> None:
    """The timing field is sent with the head; the body after it is also part of the instance's work."""
    gone = asyncio.Event()

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(interim)
        head, body = ANSWER[:-2], ANSWER[-2:]
        writer.write(head + body[:1])
        while not any(connection.answering for connection in client._connections):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        writer.write(body[1:])
        await gone.wait()
        writer.close()

    rows = Rows()
    async with await asyncio.start_server(stream, "127.0.0.1", 0) as server:
        target = LoadTarget("localhost", server.sockets[0].getsockname()[1], None)
        client = LoadClient(target, rows, running_loop().time(), now=monotonic_s)
        client.origin_s = monotonic_s()
        await load(client, every(0, 1)).run()
        gone.set()
    _, _, latency_s, queue_s, cold_s, service_s, _, _, _ = rows.rows[0]
    told_s = queue_s + cold_s + service_s
    assert service_s >= 0.0025 + 0.049
    assert told_s <= latency_s + 0.0035, "the answer says 3.5 ms more than passed"


@both_loops
async def test_no_request_is_sent_early_and_the_recorded_times_are_the_intended_ones() -> None:
    rows = Rows()
    async with serving() as server:
        await load(client_of(server, rows), every(0.0173, 10)).run()
        assert sorted(row[1] for row in rows.rows) == [index * 0.0173 for index in range(10)]
        assert min(row[8] for row in rows.rows) >= 0


async def test_connections_are_kept_and_reused() -> None:
    async with serving() as server:
        client = client_of(server, Rows())
        await send_sequentially(client, *[GET] * 5)
        assert client.summary().connections_opened == server.connections == 1
        assert server.requests == 5


async def test_an_open_source_does_not_wait_for_responses() -> None:
    async with serving(delay_s=3600) as server, asyncio.timeout(GUARD_S):
        running = asyncio.get_running_loop().create_task(load(client_of(server, Rows()), every(0.005, 20)).run())
        while server.in_flight < 20:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@both_loops
async def test_latency_is_measured_from_the_intended_time_although_the_connection_limit_delays_requests() -> None:
    rows = Rows()
    async with serving(delay_s=0.05) as server:
        client = client_of(server, rows, LoadLimits(connections_max=1))
        (summary,) = await load(client, every(0.0, 4)).run()
        assert server.connections == server.in_flight_max == 1
        # One connection serves one request after the other: the n-th waits for n responses of 50 ms. 2 ms are for the
        # rounding of the loops.
        assert all(latency >= 0.05 * (n + 1) - 0.002 for n, latency in enumerate(sorted(rows.latencies_s)))
        assert summary.at_bound == 3
        assert summary.late_max_s >= 0.148
        assert not summary.kept_up


async def test_a_rejected_connection_is_an_error_with_status_0() -> None:
    rows = Rows()
    async with serving() as server:
        pass  # its port is closed from here on
    (summary,) = await load(client_of(server, rows), every(0.001, 5)).run()
    assert (summary.errors, summary.connections_failed) == (5, 5)
    assert rows.statuses == [0] * 5


async def test_a_connection_closed_during_a_response_is_an_error() -> None:
    rows = Rows()

    def cut(_: int) -> bytes:
        return b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhi"

    async with serving(script=cut) as server:
        client = client_of(server, rows)
        running = asyncio.get_running_loop().create_task(load(client, every(0, 1)).run())
        while not server.requests or not any(c.answering for c in client._connections):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        for transport in list(server.open):
            transport.close()
        (summary,) = await running
        assert (summary.errors, rows.statuses) == (1, [0])


async def test_a_closed_idle_connection_is_replaced_and_the_request_sent_again() -> None:
    rows = Rows()
    # The connection is closed instead of a response to the second request, as in a race with a keep-alive timeout.
    async with serving(script=lambda n: b"" if n == 1 else ANSWER) as server:
        client = client_of(server, rows)
        await send_sequentially(client, GET, GET)
        summary = client.summary()
        assert (summary.sent, summary.answered, summary.errors) == (2, 2, 0)
        assert (server.requests, server.connections) == (3, 2)


async def test_a_post_is_not_sent_again() -> None:
    post = RequestChoice("POST", "/", 3)
    async with serving(script=lambda n: b"" if n == 1 else ANSWER) as server:
        client = client_of(server, Rows())
        await send_sequentially(client, GET, post)
        summary = client.summary()
        assert (summary.answered, summary.errors, server.requests) == (1, 1, 2)


async def test_a_fresh_connection_that_is_closed_is_an_error_at_once() -> None:
    async with serving(script=lambda _: b"") as server:
        (summary,) = await load(client_of(server, Rows()), every(0, 1)).run()
        assert (summary.errors, server.requests) == (1, 1)


async def test_the_time_limit_of_the_client_gives_status_0_and_ends_the_connection() -> None:
    rows = Rows()
    async with serving(script=lambda _: None) as server:
        (summary,) = await load(client_of(server, rows, LoadLimits(answer_s_max=0.2)), every(0, 3)).run()
        assert (summary.errors, rows.statuses) == (3, [0, 0, 0])
        # The limit is checked every quarter of a second; a busy machine is later, but much earlier than the default
        # limit.
        assert all(0.2 <= latency < GUARD_S < LoadLimits().answer_s_max for latency in rows.latencies_s)


async def test_the_time_limit_applies_to_requests_that_wait_for_a_connection_too() -> None:
    async with serving(script=lambda _: None) as server:
        limits = LoadLimits(answer_s_max=0.1, connections_max=1)
        (summary,) = await load(client_of(server, Rows(), limits), every(0, 3)).run()
        assert (summary.errors, summary.unfinished, server.requests) == (3, 0, 1)


async def test_waiting_requests_beyond_the_limit_are_errors_at_once() -> None:
    async with serving(delay_s=0.05) as server:
        limits = LoadLimits(waiting_max=2, connections_max=1)
        (summary,) = await load(client_of(server, Rows(), limits), every(0, 5)).run()
        assert (summary.answered, summary.errors) == (2, 3)


async def test_the_wait_for_outstanding_responses_ends_at_its_limit() -> None:
    async with serving(script=lambda _: None) as server:
        (summary,) = await load(client_of(server, Rows()), every(0, 3)).run(drain_s_max=0.05)
        assert (summary.sent, summary.unfinished) == (3, 3)


@both_loops
async def test_cancellation_closes_every_connection() -> None:
    async with serving(delay_s=0.01, script=lambda n: ANSWER if n % 2 else None) as server:
        client = client_of(server, Rows())
        everything = load(client, every(0.001, 100_000))
        running = asyncio.get_running_loop().create_task(everything.run())
        while server.requests <= 10:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        (summary,) = everything.summaries()
        assert summary.sent > 10
        assert summary.sent == summary.answered + summary.errors + summary.unfinished
        assert client._connections == {}
        assert client._tasks._children == {}


async def test_after_stop_outstanding_responses_are_still_recorded() -> None:
    async with serving(delay_s=0.02) as server:
        client = client_of(server, Rows())
        everything = load(client, every(0.001, 100_000))
        running = asyncio.get_running_loop().create_task(everything.run())
        while not server.in_flight:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        everything.stop()
        sent = client.summary().sent
        (summary,) = await running
        assert 0 < sent < 100_000
        assert (summary.sent, summary.answered, summary.unfinished) == (sent, sent, 0)


async def test_an_exception_of_the_arrivals_fails_the_run() -> None:
    def broken() -> Iterator[tuple[RunTime, RequestChoice, int]]:
        yield RUN_START, GET, 0
        raise ValueError("line 2 of the trace")

    async with serving() as server:
        client = client_of(server, Rows())
        with pytest.raises(ValueError, match="line 2 of the trace"):
            await load(client, broken()).run()
        assert client._connections == {}


@both_loops
async def test_a_closed_population_never_has_more_requests_than_users() -> None:
    rows = Rows()
    async with serving(delay_s=0.01) as server:
        client = client_of(server, rows)
        everything = Load([client], [users(client, 5, think_s=0.0, until_s=GUARD_S)])
        running = asyncio.get_running_loop().create_task(everything.run())
        while server.requests < 30:  # noqa: ASYNC110  users do come back, twice at least
            await asyncio.sleep(0.001)
        everything.stop()
        (summary,) = await running
        passed_s = asyncio.get_running_loop().time() - client.origin_s
        assert server.in_flight_max <= 5
        assert set(rows.sources) == {1}
        # A cycle is 10 ms of service and at least 1 ms of pause; each may be 1 ms shorter, because uvloop rounds.
        assert 30 <= summary.sent <= 5 * (passed_s / 0.009 + 1)


async def test_users_think_first() -> None:
    async with serving() as server:
        client = client_of(server, Rows())
        (summary,) = await Load([client], [users(client, 3, think_s=5.0, until_s=0.05)]).run()
        assert summary.sent == 0


async def test_a_body_is_sent_and_the_size_of_the_response_requested() -> None:
    async with serving() as server:
        small, large = RequestChoice("POST", "/a b?x=1", 100, 7), RequestChoice("PUT", "/big", 200_000)
        client = client_of(server, Rows())
        await send_sequentially(client, small, large)
        assert client.summary().answered == 2
        assert server.bodies == [100, 200_000]
        assert server.heads[0].split(b"\n") == [
            b"POST /a%20b?x=1",
            b"host: svc.localhost:%d" % server.port,
            b"user-agent: apprunner-simulator",
            b"accept: */*",
            b"x-simulator-response-bytes: 7",
            b"content-length: 100",
            b"content-type: application/octet-stream",
        ]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return TLS contexts for a server svc.localhost and for a client that trusts it."""
    folder: Path = tmp_path_factory.mktemp("ca")
    now = datetime.now(UTC)  # noqa: TID251 OpenSSL judges certificates by the real calendar
    authority = CertificateAuthority(folder, now)
    certificates = ServerCertificates(authority, now)
    certificates.add("svc.localhost", now)
    return certificates.context, client_context(authority)


@both_loops
async def test_requests_go_over_tls_with_the_services_name(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    rows = Rows()
    async with serving(tls=tls[0]) as server:
        (summary,) = await load(client_of(server, rows, tls=tls[1]), every(0.001, 50)).run()
        assert (summary.answered, summary.errors) == (50, 0)


async def test_a_server_with_an_untrusted_certificate_gets_no_request(
    tls: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async with serving(tls=tls[0]) as server:
        (summary,) = await load(client_of(server, Rows(), tls=ssl.create_default_context()), every(0, 1)).run()
        assert (summary.errors, server.requests) == (1, 0)


def test_the_default_port_is_not_in_the_host_field() -> None:
    assert LoadTarget("a.localhost", 80).authority == "a.localhost"
    assert LoadTarget("a.localhost", 8080).authority == "a.localhost:8080"


@pytest.mark.parametrize("limits", [{"connections_max": 0}, {"answer_s_max": 0.0}, {"waiting_max": 0}])
def test_a_limit_out_of_range_is_rejected(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(limits))):
        LoadLimits(**limits)


async def test_prepared_connections_are_open_before_the_first_request() -> None:
    async with serving() as server:
        client = client_of(server, Rows(), LoadLimits(connections_max=3))
        await client.prepare(5)
        assert server.connections == 3
        (summary,) = await load(client, every(0.0, 3)).run()
        assert (summary.connections_opened, summary.answered) == (3, 3)


async def test_preparing_fails_if_the_server_does_not_listen() -> None:
    async with serving() as server:
        pass  # its port is closed from here on
    client = client_of(server, Rows())
    await client.prepare(5)
    assert client.summary().connections_failed == 1
    await client.close()


async def test_closing_twice_has_no_further_effect() -> None:
    async with serving() as server:
        client = client_of(server, Rows())
        client.send(Shot(0, RUN_START, GET))
        await client.drained()
        await client.close()
        await client.close()
        assert client._connections == {}
