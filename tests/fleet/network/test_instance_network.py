from __future__ import annotations

import asyncio
import subprocess
import sys
from asyncio.subprocess import PIPE
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest

from simulator.fleet.network import instance_network
from simulator.fleet.network.address_blocks import AddressBlocks
from simulator.fleet.network.instance_network import InstanceNetwork, why_not_enforced
from simulator.rules.network.egress_plan import EgressForward, EgressPlan
from simulator.rules.network.vpc import ForwardTarget


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(instance_network, "PATH", str(tmp_path))
    assert why_not_enforced() == "the program ip of iproute2 is not installed"
    (tmp_path / "ip").symlink_to("/bin/true")
    assert why_not_enforced() == "the program nsenter of util-linux is not installed"


async def test_the_files_of_an_instance(tmp_path: Path) -> None:
    network = InstanceNetwork(AddressBlocks(), "test-", EgressPlan(names={"db.internal": "10.0.9.10"}))
    assert network.files(tmp_path) == (
        (str(tmp_path / "hosts"), "/etc/hosts"),
        (str(tmp_path / "resolv.conf"), "/etc/resolv.conf"),
    )
    assert (tmp_path / "hosts").read_text().splitlines()[-1] == "10.0.9.10 db.internal"
    assert (tmp_path / "resolv.conf").read_text().startswith("nameserver 198.1")
    await network.close()


async def test_a_network_is_created_and_removed_completely() -> None:
    if why_not_enforced():
        pytest.skip("networks cannot be made here")

    def shown(*command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    network = InstanceNetwork(AddressBlocks(), "test-", EgressPlan())
    gateway = IPv4Address(network.host) - 1
    try:
        await network.open()
        inside = shown(*network.prefix, "ip", "-4", "-br", "address")
        assert network.host in inside
        assert "127.0.0.1" in inside
        assert "default via 198.1" in shown(*network.prefix, "ip", "route")
        assert f" src {gateway} " in shown("ip", "-4", "route")
    finally:
        await network.close()
    assert f" src {gateway} " not in shown("ip", "-4", "route")
    await network.close()  # a second call is no error


@pytest.mark.slow
async def test_changed_rules_act_on_a_network_that_is_in_use() -> None:
    if why_not_enforced():
        pytest.skip("networks cannot be made here")
    address, port = ip_address("10.0.9.10"), 5432

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    target = ForwardTarget("127.0.0.1", server.sockets[0].getsockname()[1])
    allowed = EgressPlan(forwards=(EgressForward(address, port, target),))
    network = InstanceNetwork(AddressBlocks(), "test-", EgressPlan())

    async def reached() -> bool:
        script = f"import socket; print(socket.create_connection(('{address}', {port}), 2).recv(9).decode())"
        command = [*network.prefix, sys.executable, "-c", script]
        asking = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
        answer, _ = await asking.communicate()
        return answer == b"hello\n"

    try:
        await network.open()
        assert not await reached()
        for plan, expected in ((allowed, True), (EgressPlan(), False), (allowed, True)):
            await network.apply(plan)
            assert await reached() is expected
    finally:
        await network.close()
        server.close()
