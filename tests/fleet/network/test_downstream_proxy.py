"""The proxy of a real server, with an echo server on the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace

from simulator.fleet.network.downstream_proxy import DownstreamProxy, ProxiedResource
from simulator.fleet.simulated.application import DownstreamResource
from simulator.model.times import RunTime
from simulator.records.events import CallOutcome, DownstreamCalled, DownstreamChanged, DownstreamLogged
from simulator.records.journal import Journal
from simulator.rules.downstream import OnFull
from simulator.world.distributions import Constant
from tests.live.waiting import until

HOST = "127.0.0.1"
GUARD_S = 60.0
DB = DownstreamResource("orders-db", 2, Constant(0.0))
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Bench:
    """An echo server, a proxy in front of it, and what the journal told."""

    resource: DownstreamResource = DB
    delay_s: float = 0.0
    timeout_s: float | None = None
    calls: list[DownstreamCalled] = field(default_factory=list)
    states: list[DownstreamChanged] = field(default_factory=list)
    journal: Journal = field(default_factory=Journal)
    port: int = 0
    answers: bool = True  # of the server
    served: int = 0
    clients: list[Client] = field(default_factory=list)

    async def echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.served += 1
        with contextlib.suppress(OSError):
            while piece := await reader.read(65_536):
                if self.answers:
                    writer.write(piece)
                    await writer.drain()
            writer.write(b"end")
            writer.write_eof()
        writer.close()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[DownstreamProxy]:
        loop = asyncio.get_running_loop()
        self.journal.subscribe(DownstreamCalled, self.calls.append)
        self.journal.subscribe(DownstreamChanged, self.states.append)
        server = await asyncio.start_server(self.echo, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        begun_s = loop.time()
        resource = ProxiedResource(
            *(self.resource, HOST, port, itertools.repeat(self.delay_s), self.journal),
            lambda: RunTime(loop.time() - begun_s),
        )
        proxy = DownstreamProxy(resource, "web", self.timeout_s)
        listening = socket.create_server((HOST, 0))
        self.port = listening.getsockname()[1]
        await proxy.serve(listening)
        try:
            yield proxy
        finally:
            await proxy.close()
            server.close()
            for _, writer in self.clients:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def client(self) -> Client:
        self.clients.append(await asyncio.open_connection(HOST, self.port))
        return self.clients[-1]

    async def until(self, condition: Callable[[], bool]) -> None:
        await until(condition)

    def outcomes(self) -> list[CallOutcome]:
        return [call.outcome for call in self.calls]


async def ask(client: Client, text: bytes) -> bytes:
    client[1].write(text)
    return await client[0].readexactly(len(text))


async def is_cut(client: Client) -> bool:
    with contextlib.suppress(OSError):
        return await client[0].read(1) == b""
    return True


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def guarded() -> None:
        async with asyncio.timeout(GUARD_S):
            await main()

    asyncio.run(guarded())


def test_calls_are_forwarded_and_counted() -> None:
    async def main() -> None:
        bench = Bench()
        async with bench.open():
            client = await bench.client()
            assert await ask(client, b"one") == b"one"
            assert await ask(client, b"two") == b"two"
            await bench.until(lambda: len(bench.calls) == 2)
            assert bench.states[-1][2:] == (2, 1, 0, 0)
            client[1].close()
            await bench.until(lambda: bench.states[-1].opened == 0)
            assert bench.outcomes() == [CallOutcome.ANSWERED] * 2
            assert {call.service for call in bench.calls} == {"web"}

    run(main)


def test_a_full_resource_cuts_the_connection_off() -> None:
    async def main() -> None:
        bench = Bench()
        async with bench.open():
            clients = [await bench.client() for _ in range(2)]
            assert [await ask(client, b"x") for client in clients] == [b"x", b"x"]
            assert await is_cut(await bench.client())
            assert bench.outcomes().count(CallOutcome.REJECTED) == 1
            assert bench.served == 2
            [event] = [event for event in bench.journal.events if isinstance(event, DownstreamLogged)]
            assert event.line == "limit reached: all 2 connections are taken, an attempt to connect was rejected"

    run(main)


def test_a_connection_waits_for_its_place_and_what_was_sent_before_arrives() -> None:
    async def main() -> None:
        bench = Bench(replace(DB, connections=1, on_full=OnFull.QUEUE))
        async with bench.open():
            first, second = await bench.client(), await bench.client()
            assert await ask(first, b"first") == b"first"
            second[1].write(b"seco")
            await bench.until(lambda: bench.states[-1].waiting == 1)
            second[1].write(b"nd")
            first[1].close()
            assert await second[0].readexactly(6) == b"second"
            assert bench.served == 2
            await bench.until(lambda: len(bench.calls) == 2)
            assert bench.calls[1].wait_s > 0

    run(main)


def test_a_client_that_leaves_the_queue_takes_no_connection() -> None:
    async def main() -> None:
        bench = Bench(replace(DB, connections=1, on_full=OnFull.QUEUE))
        async with bench.open():
            first, second = await bench.client(), await bench.client()
            await ask(first, b"first")
            await bench.until(lambda: bench.states[-1].waiting == 1)
            second[1].close()
            await bench.until(lambda: bench.states[-1].waiting == 0)
            first[1].close()
            await bench.until(lambda: bench.states[-1].opened == 0)
            assert bench.served == 1

    run(main)


def test_the_wait_and_the_queue_are_bounded() -> None:
    async def main() -> None:
        bench = Bench(replace(DB, connections=1, on_full=OnFull.WAIT, wait_s=0.05, queue=1))
        async with bench.open():
            first = await bench.client()
            await ask(first, b"first")
            assert await is_cut(await bench.client())
            assert bench.outcomes()[1:] == [CallOutcome.REJECTED]
            assert bench.calls[1].wait_s >= 0.05

    run(main)


def test_a_delay_is_added_to_each_call() -> None:
    async def main() -> None:
        bench = Bench(delay_s=0.05)
        loop = asyncio.get_running_loop()
        async with bench.open():
            client = await bench.client()
            begun_s = loop.time()
            for _ in range(3):
                await ask(client, b"x")
            assert loop.time() - begun_s >= 0.15

    run(main)


def test_a_half_closed_connection_still_answers() -> None:
    async def main() -> None:
        bench = Bench()
        async with bench.open():
            client = await bench.client()
            client[1].write(b"last")
            client[1].write_eof()
            assert await client[0].read() == b"lastend"  # the server's "end" follows the end of what the client sent
            await bench.until(lambda: bench.states[-1].opened == 0)

    run(main)


def test_a_slow_reader_slows_the_server_down() -> None:
    """The server sends without end; the proxy keeps a bounded part of it."""

    async def main() -> None:
        sent = 0

        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            del reader
            with contextlib.suppress(OSError):
                while True:
                    writer.write(bytes(65_536))
                    await writer.drain()
                    sent += 65_536

        server = await asyncio.start_server(flood, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        resource = ProxiedResource(DB, HOST, port, itertools.repeat(0.0), Journal(), lambda: RunTime(0.0))
        proxy = DownstreamProxy(resource, "web")
        listening = socket.create_server((HOST, 0))
        await proxy.serve(listening)
        _, writer = await asyncio.open_connection(*listening.getsockname()[:2], limit=1)
        before = -1
        while sent != before:  # until the server waits
            before = sent
            for _ in range(50):
                await asyncio.sleep(0.005)
        assert sent < 64 * 1024**2
        writer.close()
        await proxy.close()
        server.close()

    run(main)


def test_a_client_that_gives_up_after_its_time_out_is_counted() -> None:
    async def main() -> None:
        bench = Bench(timeout_s=0.02, answers=False)
        async with bench.open():
            client = await bench.client()
            client[1].write(b"x")
            await bench.until(lambda: bench.served == 1)
            await asyncio.sleep(0.03)
            client[1].close()
            await bench.until(lambda: bool(bench.calls))
            assert bench.outcomes() == [CallOutcome.TIMED_OUT]
            await bench.until(lambda: bench.states[-1][3:] == (0, 0, 0))

    run(main)


def test_an_idle_connection_is_closed_as_by_the_resource() -> None:
    async def main() -> None:
        bench = Bench(replace(DB, server_idle_timeout_s=0.05))
        async with bench.open():
            client = await bench.client()
            await ask(client, b"x")
            assert await is_cut(client)
            await bench.until(lambda: bench.states[-1].opened == 0)

    run(main)


def test_a_server_that_is_not_there_is_logged_once() -> None:
    async def main() -> None:
        bench = Bench()
        async with bench.open() as proxy:
            with socket.create_server((HOST, 0)) as unused:
                proxy.resource.port = unused.getsockname()[1]
            for _ in range(2):
                assert await is_cut(await bench.client())
            assert bench.outcomes() == [CallOutcome.REJECTED] * 2
            [event] = [event for event in bench.journal.events if isinstance(event, DownstreamLogged)]
            assert "no connection to 127.0.0.1:" in event.line

    run(main)


def test_closing_cuts_every_connection_also_a_waiting_one() -> None:
    async def main() -> None:
        bench = Bench(replace(DB, connections=1, on_full=OnFull.QUEUE))
        async with bench.open() as proxy:
            first, second = await bench.client(), await bench.client()
            await ask(first, b"x")
            await bench.until(lambda: bench.states[-1].waiting == 1)
            await proxy.close()
            assert [await is_cut(first), await is_cut(second)] == [True, True]
            assert bench.states[-1][3:] == (0, 0, 0)

    run(main)
