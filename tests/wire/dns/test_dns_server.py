"""The DNS server over real sockets of loopback, with dnspython as the client."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import dns.asyncquery
import dns.message
import pytest

from simulator.wire.dns.dns_server import DnsServer
from simulator.wire.dns.zones import Zones
from simulator.wire.listening import CannotListen
from simulator.world.clock import ClockKind, run
from tests.wire.dns.hosts import Hosts

HOST = "a.us-east-1.awsapprunner.com"
QUERY = dns.message.make_query(HOST, "A")


def on_server(test: Callable[[DnsServer, Zones], Awaitable[None]]) -> None:
    async def main() -> None:
        zones = Zones(hosts=Hosts([HOST], []), addresses=["127.0.0.1"])
        async with DnsServer(zones, 0) as server:
            await test(server, zones)

    run(ClockKind.REAL, main)


def test_the_server_responds_over_udp_and_tcp_on_one_port_of_loopback() -> None:
    async def test(server: DnsServer, zones: Zones) -> None:
        for ask in (dns.asyncquery.udp, dns.asyncquery.tcp):
            answer = await ask(QUERY, "127.0.0.1", timeout=60, port=server.port)
            assert [each.to_text() for each in answer.answer] == [f"{HOST}. 5 IN A 127.0.0.1"]
        assert {each.getsockname()[0] for each in server._tcp.sockets} == {"127.0.0.1"}  # type: ignore[union-attr]

    on_server(test)


def test_invalid_bytes_end_only_the_connection_that_sent_them() -> None:
    async def test(server: DnsServer, zones: Zones) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", ("127.0.0.1", server.port))
            sender.sendto(b"\x00" * 5, ("127.0.0.1", server.port))
            sender.sendto(b"\xff" * 200, ("127.0.0.1", server.port))
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        wire = QUERY.to_wire()
        framed = len(wire).to_bytes(2) + wire
        writer.write(framed + framed + b"\x00\x03abc")  # two queries, and less than a header
        received = await asyncio.wait_for(reader.read(), 60)
        assert len(received) % 2 == 0
        half = received[: len(received) // 2]
        assert received == half + half
        writer.close()
        answer = await dns.asyncquery.udp(QUERY, "127.0.0.1", timeout=60, port=server.port)
        assert len(answer.answer) == 1

    on_server(test)


def test_a_query_may_arrive_byte_by_byte() -> None:
    async def test(server: DnsServer, zones: Zones) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        wire = QUERY.to_wire()
        for byte in len(wire).to_bytes(2) + wire:
            writer.write(bytes([byte]))
            await writer.drain()
        length = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), 60))
        answer = dns.message.from_wire(await reader.readexactly(length))
        assert len(answer.answer) == 1
        writer.close()

    on_server(test)


def test_a_taken_port_is_named() -> None:
    async def test(server: DnsServer, zones: Zones) -> None:
        with pytest.raises(CannotListen, match=f"port {server.port} of 127.0.0.1"):
            await DnsServer(zones, server.port).open()

    on_server(test)
