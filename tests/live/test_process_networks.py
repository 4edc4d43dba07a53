"""Processes with VPC rules: what they reach in their own networks, and what is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from simulator.fleet.http.backend import HttpService
from simulator.fleet.network.egress_rules import EgressRules
from simulator.fleet.network.instance_network import why_not_enforced
from simulator.fleet.ports import Close, InstanceSpec, LoopbackListener
from simulator.fleet.process.confinement.sweep import owner_name
from simulator.fleet.process.driver import ProcessDriver
from simulator.fleet.process.environment import ProcessApplication
from simulator.model.health import HealthCheck
from simulator.rules.network.egress import EgressSource
from simulator.rules.network.egress_plan import EgressPlan, egress_plan
from simulator.rules.network.vpc import Vpcs
from tests.live.contract import SIZE
from tests.live.databases import required
from tests.live.test_container_networks import PROBE, Heard, reachable, tables
from tests.live.waiting import until

# An address of this machine that represents one of the internet: only the loopback interface has a route to it.
INTERNET = "203.0.113.77"
SERVING = """
import os
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), SimpleHTTPRequestHandler).serve_forever()
"""


@pytest.fixture(autouse=True)
def _permitted() -> None:
    if why := why_not_enforced():
        required(f"networks of processes cannot be made: {why}")


def interfaces() -> str:
    return subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True).stdout


def program(text: str, *arguments: str) -> ProcessApplication:
    return ProcessApplication((sys.executable, "-c", text, *arguments))


@pytest.mark.slow
async def test_what_instances_reach_and_nothing_is_left() -> None:
    heard, own, before = Heard(), owner_name(os.getpid()), interfaces().count("\nar")
    async with reachable() as (rules, places, expected):
        driver = ProcessDriver(program(PROBE, json.dumps(places)), HttpService, heard.line, rules=rules)
        try:
            for number in (1, 2):
                await driver.launch(InstanceSpec("web", number, SIZE))
            assert await heard.seen() == expected
            assert tables().count(own) == 2
            assert interfaces().count("\nar") >= before
        finally:
            await driver.close()
    assert own not in tables()


async def test_requests_reach_an_instance_and_its_loopback_listeners_answer() -> None:
    """The simulator's listeners for an instance are on the instance's own loopback interface."""
    heard = Heard()

    async def serve(listening: socket.socket) -> Close:
        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"credentials")
            writer.close()

        server = await asyncio.start_server(greet, sock=listening)

        async def close() -> None:
            server.close()

        return close

    text = PROBE.partition("import time")[0] + SERVING
    application = program(text, json.dumps([["127.0.0.1", 51679]]))
    driver = ProcessDriver(application, HttpService, heard.line, rules=EgressRules((EgressPlan(),)))
    loopback = driver.own_loopback
    assert loopback is not None
    loopback.add_listener(LoopbackListener(51679, serve))
    try:
        backends = [await driver.launch(InstanceSpec("web", number, SIZE, port=8080)) for number in (1, 2)]
        assert await heard.seen() == {number: {"127.0.0.1:51679": "credentials"} for number in (1, 2)}
        for backend in backends:
            async with asyncio.timeout(60):
                while await backend.probe(HealthCheck()) is not None:  # noqa: ASYNC110 there is no event for it
                    await asyncio.sleep(0.05)
    finally:
        await driver.close()


@pytest.fixture
def internet() -> Iterator[None]:
    address = [f"{INTERNET}/32", "dev", "lo"]
    subprocess.run(["ip", "address", "add", *address], check=True)
    yield
    subprocess.run(["ip", "address", "delete", *address], check=True)


async def test_egress_default_reaches_the_internet_through_the_proxy(internet: None) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"the internet")
        writer.close()

    server = await asyncio.start_server(greet, INTERNET, 0)
    port = server.sockets[0].getsockname()[1]
    heard = Heard()
    rules = EgressRules((egress_plan(EgressSource(), Vpcs()), EgressPlan()))
    driver = ProcessDriver(program(PROBE, json.dumps([[INTERNET, port]])), HttpService, heard.line, rules=rules)
    try:
        for number in (1, 2):
            await driver.launch(InstanceSpec("web", number, SIZE))
        assert await heard.seen() == {1: {f"{INTERNET}:{port}": "the internet"}, 2: {f"{INTERNET}:{port}": "dropped"}}
    finally:
        await driver.close()
        server.close()


KILLED = """
import asyncio, sys
from simulator.fleet.http.backend import HttpService
from simulator.fleet.network.egress_rules import EgressRules
from simulator.fleet.ports import InstanceSpec
from simulator.fleet.process.driver import ProcessDriver
from simulator.fleet.process.environment import ProcessApplication
from simulator.model.sizes import InstanceSize
from simulator.rules.network.egress_plan import EgressPlan
async def main():
    application = ProcessApplication((sys.executable, "-c", "import time; time.sleep(600)"))
    driver = ProcessDriver(application, HttpService, print, rules=EgressRules((EgressPlan(),)))
    await driver.launch(InstanceSpec("web", 1, InstanceSize(1024, 2048)))
    print("launched", flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


async def test_the_next_start_removes_what_a_killed_simulator_left() -> None:
    pid = killed()
    driver = ProcessDriver(program("pass"), HttpService, lambda *_: None, rules=EgressRules((EgressPlan(),)))
    try:
        await driver.launch(InstanceSpec("web", 1, SIZE))
        await until(lambda: f"-{pid}-" not in tables())
    finally:
        await driver.close()


def killed() -> int:
    """Return the PID of a simulator that was killed while a process with rules ran."""
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "launched\n"
        assert f"-{run.pid}-" in tables()
        run.send_signal(signal.SIGKILL)
        return run.pid
