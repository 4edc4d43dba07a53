"""The addresses of proxies in the environments of applications, and where the proxies listen."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from simulator.model.times import RunTime
from simulator.records.journal import Journal
from simulator.replay.downstream_proxies import DownstreamProxies, with_addresses
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.world.random_streams import RandomStreams

TEXT = """
duration: 1 min
services:
  shop:
    application:
      process: {command: python shop.py, environment: {DATABASE_URL: "postgres://u:p@${downstream.orders-db}/o"}}
      downstream:
        orders-db: {at: "127.0.0.1:5432", connections: 10}
  admin:
    application:
      container: {image: admin}
      downstream: {orders-db: {}}
traffic: [{service: shop, clock: {rate: 1/s}}]
"""


def scenario_of(text: str, folder: Path) -> ScenarioSpec:
    return read_scenario(text, file="proxies.yaml", folder=folder)


def test_the_address_replaces_each_placeholder_and_the_applications_own_variables_override() -> None:
    given = {"URL": "redis://${downstream.a-b}/0, ${downstream.a-b}", "A_B_PORT": "1", "OTHER": "${HOME}"}
    assert with_addresses(given, {"a-b": 4000}) == {
        "A_B_HOST": "127.0.0.1",
        "A_B_PORT": "1",
        "URL": "redis://127.0.0.1:4000/0, 127.0.0.1:4000",
        "OTHER": "${HOME}",
    }


async def test_each_service_has_its_own_port_of_a_shared_resource(tmp_path: Path) -> None:
    given = scenario_of(TEXT, tmp_path)
    proxies = DownstreamProxies(given, RandomStreams(1), Journal(), lambda: RunTime(0.0))
    try:
        process = proxies.scenario.services["shop"].application.process
        container = proxies.scenario.services["admin"].application.container
        assert process is not None
        assert container is not None
        ports = [process.environment["ORDERS_DB_PORT"], container.environment["ORDERS_DB_PORT"]]
        assert process.environment["DATABASE_URL"] == f"postgres://u:p@127.0.0.1:{ports[0]}/o"
        assert len(set(ports)) == 2
        unchanged = given.services["shop"].application.process
        assert unchanged is not None
        assert "ORDERS_DB_PORT" not in unchanged.environment
        await proxies.open()
        _, writer = await asyncio.open_connection("127.0.0.1", int(ports[0]))
        writer.close()
        await writer.wait_closed()
    finally:
        await proxies.close()
    with socket.socket() as asking:
        assert asking.connect_ex(("127.0.0.1", int(ports[0]))) != 0


def test_a_placeholder_needs_a_resource_with_an_address(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"downstream\.orders-bd\}, must be a resource with `at`: orders-db"):
        scenario_of(TEXT.replace("${downstream.orders-db}", "${downstream.orders-bd}"), tmp_path)


def test_virtual_time_needs_the_time_of_a_call(tmp_path: Path) -> None:
    text = TEXT.replace("process: {command: python shop.py", "simulated: {}\n      process: {command: python shop.py")
    text = text.replace("container: {image: admin}", "simulated: {}")
    scenario = scenario_of(text, tmp_path)
    with pytest.raises(ScenarioError, match="given: virtual time does not call the server of `at`"):
        scenario.require("virtual")
    scenario.require("real")
