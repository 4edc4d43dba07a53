"""The ports of the live front."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import cast

import pytest

from simulator.edge.live.front import Front
from simulator.edge.live.live_settings import LiveSettings
from simulator.edge.ports import Upstream
from simulator.wire.listening import CannotListen
from simulator.world.random_streams import RandomStreams


@pytest.mark.case("P22")
async def test_a_redirect_port_in_use_is_replaced_only_if_it_is_the_default(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        front = Front(LiveSettings(tmp_path, http_port=port, http_port_or_any=True), RandomStreams(1))
        await front.open()
        assert (front.http_port_wanted, front.http_port != port, front.http_port > 0) == (port, True, True)
        await front.close()

        front = Front(LiveSettings(tmp_path, http_port=port), RandomStreams(1))
        with pytest.raises(CannotListen):
            await front.open()
        await front.close()


@pytest.mark.case("R1")
async def test_the_plain_port_redirects_only_hosts_of_services(tmp_path: Path) -> None:
    front = Front(LiveSettings(tmp_path), RandomStreams(1))
    await front.open()
    try:
        front.add_host("shop.awsapprunner.localhost", cast("Upstream", object()))  # never used: nothing is forwarded
        for host, status in (("shop.awsapprunner.localhost", b"301"), ("evil.example", b"404"), ("localhost", b"301")):
            reader, writer = await asyncio.open_connection("127.0.0.1", front.http_port)
            writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            assert (await reader.readline()).split()[1] == status
            writer.close()
    finally:
        await front.close()
