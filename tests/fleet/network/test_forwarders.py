from __future__ import annotations

import asyncio
from ipaddress import ip_address

import pytest

from simulator.fleet.network.forwarders import Forwarders
from simulator.rules.network.egress_plan import EgressForward, EgressPlan
from simulator.rules.network.vpc import ForwardTarget


async def test_each_forward_has_a_port_that_leads_to_its_target() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter, name: bytes) -> None:
        writer.write(name)
        writer.close()

    servers = [
        await asyncio.start_server(lambda r, w, name=name: greet(r, w, name), "127.0.0.1", 0)  # type: ignore[misc]
        for name in (b"database", b"cache")
    ]
    forwards = tuple(
        EgressForward(ip_address(f"10.0.9.{n}"), 5432, ForwardTarget("127.0.0.1", server.sockets[0].getsockname()[1]))
        for n, server in enumerate(servers)
    )
    forwarders = Forwarders()
    try:
        ports = await forwarders.open("127.0.0.1", EgressPlan(forwards))
        heard = []
        for forward in forwards:
            reader, writer = await asyncio.open_connection("127.0.0.1", ports[forward])
            heard.append(await reader.read())
            writer.close()
        assert heard == [b"database", b"cache"]
    finally:
        await forwarders.close()
        for server in servers:
            server.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", ports[forwards[0]])


async def test_an_ipv6_address_has_no_port() -> None:
    forwarders = Forwarders()
    plan = EgressPlan((EgressForward(ip_address("fd00::1"), 80, ForwardTarget("127.0.0.1", 1)),))
    assert await forwarders.open("127.0.0.1", plan) == {}
    await forwarders.close()


async def test_an_address_of_no_interface_of_this_machine_is_an_error() -> None:
    forwarders = Forwarders()
    plan = EgressPlan((EgressForward(ip_address("10.0.9.1"), 80, ForwardTarget("127.0.0.1", 1)),))
    with pytest.raises(OSError, match=r"[Cc]annot assign"):
        await forwarders.open("192.0.2.1", plan)
    await forwarders.close()
