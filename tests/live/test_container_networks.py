"""Containers of the Docker driver with VPC rules: what they reach, and what is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from simulator.fleet.docker.config import DockerApplication
from simulator.fleet.docker.driver import DockerDriver
from simulator.fleet.http.backend import HttpService
from simulator.fleet.network.egress_rules import EgressRules
from simulator.fleet.ports import InstanceSpec, LaunchError
from simulator.fleet.process.confinement.sweep import owner_name
from simulator.rules.network.egress import EgressSource
from simulator.rules.network.egress_plan import EgressPlan, egress_plan
from simulator.rules.network.security_groups import GroupRule, NetworkProtocol, SecurityGroup
from simulator.rules.network.vpc import ForwardTarget, Subnet, Vpc, VpcMember, Vpcs
from tests.live.arm_docker import left_behind
from tests.live.contract import SIZE
from tests.live.databases import filter_or_skip
from tests.live.docker_images import python_image
from tests.live.waiting import until

# Connects to each address and prints the result: the text that it read, "rejected", "dropped" or another error.
PROBE = """
import json, socket, sys
def tried(host, port):
    try:
        with socket.create_connection((host, port), 1.5) as connection:
            return connection.recv(64).decode()
    except ConnectionRefusedError:
        return "rejected"
    except TimeoutError:
        return "dropped"
    except OSError as error:
        return str(error)
for host, port in json.loads(sys.argv[1]):
    print(f"{host}:{port} {tried(host, port)}", flush=True)
print("done", flush=True)
import time; time.sleep(600)
"""
TCP = NetworkProtocol.TCP


def tables() -> str:
    return subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout


def cloud(database: int, api: int) -> Vpcs:
    """Return VPCs with a database that admits one subnet, and a server on the internet."""
    subnets = {
        name: Subnet(name, (ip_network(cidr),), nat=nat)
        for name, cidr, nat in (("subnet-a", "10.0.1.0/24", False), ("subnet-b", "10.0.2.0/24", True))
    }
    groups = {
        "sg-app": SecurityGroup("sg-app"),
        "sg-db": SecurityGroup("sg-db", ingress=(GroupRule(TCP, 5432, 5433, (ip_network("10.0.1.0/24"),)),)),
    }
    member = VpcMember("db.internal", ip_address("10.0.9.10"), ("sg-db",), {5432: ForwardTarget("127.0.0.1", database)})
    server = VpcMember("api.example.com", ip_address("198.51.100.7"), (), {443: ForwardTarget("127.0.0.1", api)})
    vpc = Vpc("vpc-1", (ip_network("10.0.0.0/16"),), subnets, groups, {member.name: member})
    return Vpcs((vpc,), {server.name: server})


@asynccontextmanager
async def reachable() -> AsyncIterator[tuple[EgressRules, list[list[Any]], dict[int, dict[str, str]]]]:
    """Yield the rules of a connector with two subnets, the targets, and the results expected in each subnet."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter, name: bytes) -> None:
        writer.write(name)
        writer.close()

    servers = [
        await asyncio.start_server(lambda r, w, name=name: greet(r, w, name), "127.0.0.1", 0)  # type: ignore[misc]
        for name in (b"database", b"api")
    ]
    database, api = (server.sockets[0].getsockname()[1] for server in servers)
    vpcs = cloud(database, api)
    vpc = vpcs.vpcs[0]
    rules = EgressRules(
        tuple(egress_plan(EgressSource(vpc, vpc.subnets[name], ("sg-app",)), vpcs) for name in ("subnet-a", "subnet-b"))
    )
    # In subnet-a: the database's group admits it on a range of two ports, and there is no internet.
    first = {
        "db.internal:5432": "database",
        "db.internal:5433": "rejected",
        "db.internal:22": "dropped",
        "10.0.9.99:80": "dropped",
        "api.example.com:443": "dropped",
        "172.17.0.1:1": "dropped",
        f"127.0.0.1:{database}": "rejected",
    }
    # In subnet-b: the database drops its packets, and a NAT gateway leads to the internet.
    second = first | {"db.internal:5432": "dropped", "db.internal:5433": "dropped", "api.example.com:443": "api"}
    places = [[host, int(port)] for host, _, port in (place.rpartition(":") for place in first)]
    try:
        yield rules, places, {1: first, 2: second}
    finally:
        for server in servers:
            server.close()


class Heard:
    """The output of instances: the results of each."""

    def __init__(self) -> None:
        self._lines: dict[int, list[str]] = {1: [], 2: []}

    def line(self, _service: str, number: int, _stream: str, line: str) -> None:
        self._lines[number].append(line)

    async def done(self, number: int) -> None:
        await until(lambda: "done" in self._lines[number])

    async def seen(self) -> dict[int, dict[str, str]]:
        await until(lambda: all("done" in lines for lines in self._lines.values()))
        return {
            number: dict(line.split(" ", 1) for line in lines if " " in line) for number, lines in self._lines.items()
        }


@pytest.mark.slow
async def test_what_instances_reach_and_nothing_is_left() -> None:
    filter_or_skip()
    heard, own = Heard(), owner_name(os.getpid())
    async with reachable() as (rules, places, expected):
        command = ("/usr/bin/python", "-I", "-S", "-c", PROBE, json.dumps(places))
        driver = DockerDriver(DockerApplication(python_image(), command), HttpService, heard.line, rules=rules)
        try:
            for number in (1, 2):
                await driver.launch(InstanceSpec("web", number, SIZE))
            assert await heard.seen() == expected
            assert tables().count(own) == 2
        finally:
            await driver.close()
    assert left_behind() == ""
    assert own not in tables()


@pytest.mark.slow
async def test_changed_rules_act_on_a_network_that_is_in_use() -> None:
    filter_or_skip()
    heard = Heard()
    async with reachable() as (allowed, places, expected):
        rules = EgressRules((EgressPlan(names=allowed.plans[0].names),))
        command = ("/usr/bin/python", "-I", "-S", "-c", PROBE, json.dumps(places))
        driver = DockerDriver(DockerApplication(python_image(), command), HttpService, heard.line, rules=rules)
        try:
            await driver.launch(InstanceSpec("web", 1, SIZE))
            await heard.done(1)
            assert await rules.change(allowed.plans[:1])
            await driver.launch(InstanceSpec("web", 2, SIZE))
            seen = await heard.seen()
        finally:
            await driver.close()
    assert seen[1]["db.internal:5432"] == "dropped"
    assert seen[2] == expected[1]


KILLED = """
import asyncio, sys
from simulator.fleet.docker.config import DockerApplication
from simulator.fleet.docker.driver import DockerDriver
from simulator.fleet.http.backend import HttpService
from simulator.fleet.network.egress_rules import EgressRules
from simulator.fleet.ports import InstanceSpec
from simulator.model.sizes import InstanceSize
from simulator.rules.network.egress_plan import EgressPlan
async def main():
    application = DockerApplication(sys.argv[1], ("/usr/bin/python", "-I", "-S", "-c", "import time; time.sleep(600)"))
    driver = DockerDriver(application, HttpService, print, rules=EgressRules((EgressPlan(),)))
    await driver.launch(InstanceSpec("web", 1, InstanceSize(1024, 2048)))
    print("launched", flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.mark.slow
async def test_the_next_start_removes_what_a_killed_simulator_left() -> None:
    filter_or_skip()
    pid = killed(python_image())
    driver = DockerDriver(DockerApplication("apprunner-simulator-absent"), HttpService, lambda *_: None)
    try:
        with pytest.raises(LaunchError, match="no image"):
            await driver.launch(InstanceSpec("web", 1, SIZE))
        await until(lambda: f"-{pid}-" not in tables() and left_behind(pid) == "")
    finally:
        await driver.close()


def killed(image: str) -> int:
    """Return the PID of a simulator that was killed while a container with rules ran."""
    with subprocess.Popen([sys.executable, "-c", KILLED, image], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "launched\n"
        assert f"-{run.pid}-" in tables()
        assert f"-{run.pid}-" in left_behind(run.pid)
        run.send_signal(signal.SIGKILL)
        return run.pid
