"""The listeners of the live front in addition to that on 127.0.0.1: on ::1, and those of VPC endpoints."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from simulator.edge.listener import listen
from simulator.edge.live.front import HOST, HOST_6, Front
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.pool.unavailable_upstream import UnavailableUpstream
from simulator.wire.listening import CannotListen
from simulator.world.random_streams import RandomStreams

BOTH, OLD, INSIDE = (f"{name}.us-east-1.awsapprunner.localhost" for name in ("both", "old", "inside"))
UNAVAILABLE, UNKNOWN = 503, 404  # of a service without a revision, and of an unknown host
ENDPOINT: Final = "vpce-1"


@asynccontextmanager
async def opened(folder: Path, *, hides: bool = True) -> AsyncIterator[Front]:
    front = Front(LiveSettings(folder, dual_stack=True, endpoints=(ENDPOINT,), hides_private=hides), RandomStreams(1))
    await front.open()
    try:
        front.place(BOTH, dual_stack=True)
        front.place(INSIDE, dual_stack=True, endpoint=ENDPOINT)
        for host in (BOTH, OLD, INSIDE):
            front.add_host(host, UnavailableUpstream(host, None))
        yield front
    finally:
        await front.close()


async def asked(front: Front, address: str, port: int, host: str) -> int:
    """Return the status of the response to a request over TLS."""
    context = ssl.create_default_context(cafile=str(front.root_certificate))
    reader, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=host)
    writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status


def ipv6_or_skip() -> None:
    try:
        socket.create_server((HOST_6, 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")


async def test_only_hosts_with_an_ipv6_address_are_served_on_the_ipv6_loopback(tmp_path: Path) -> None:
    ipv6_or_skip()
    async with opened(tmp_path) as front:
        port = front.https_port
        assert [await asked(front, HOST, port, host) for host in (BOTH, OLD)] == [UNAVAILABLE, UNAVAILABLE]
        assert await asked(front, HOST_6, port, BOTH) == UNAVAILABLE
        assert await asked(front, HOST_6, port, OLD) == UNKNOWN
        assert (front.is_dual_stack(BOTH), front.is_dual_stack(OLD)) == (True, False)
        front.place(BOTH)  # IpAddressType IPV4 again
        assert await asked(front, HOST_6, port, BOTH) == UNKNOWN
        assert not front.is_dual_stack(BOTH)
        assert front.no_ipv6 == ""


async def test_the_plain_port_is_open_on_ipv6_too(tmp_path: Path) -> None:
    ipv6_or_skip()
    async with opened(tmp_path) as front:
        for host, status in ((BOTH, b"301"), (OLD, b"404")):
            reader, writer = await asyncio.open_connection(HOST_6, front.http_port)
            writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            assert (await reader.readline()).split()[1] == status
            writer.close()


async def test_a_private_host_is_served_only_at_its_vpc_endpoint(tmp_path: Path) -> None:
    async with opened(tmp_path) as front:
        inside = front.endpoint_port(ENDPOINT)
        assert front.endpoints == {ENDPOINT}
        assert await asked(front, HOST, front.https_port, INSIDE) == UNKNOWN
        assert await asked(front, HOST, inside, INSIDE) == UNAVAILABLE
        assert await asked(front, HOST, inside, OLD) == UNKNOWN
        assert (front.knows(INSIDE), front.knows(OLD)) == (False, True)


async def test_a_setting_lets_this_machine_reach_private_hosts(tmp_path: Path) -> None:
    async with opened(tmp_path, hides=False) as front:
        assert await asked(front, HOST, front.https_port, INSIDE) == UNAVAILABLE
        assert front.knows(INSIDE)


async def test_a_machine_without_ipv6_reports_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refusing(handler: object, host: str, port: int, **options: object) -> object:
        if host == HOST_6:
            raise CannotListen(OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), host, port)
        return await listen(handler, host, port, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("simulator.edge.live.front.listen", refusing)
    async with opened(tmp_path) as front:
        assert "of ::1: not available: Cannot assign requested address" in front.no_ipv6
        assert not front.is_dual_stack(BOTH)
