"""Tests of the mix of routes of scenarios and recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.calibration.observing.targets.route_mix import route_mix

SCENARIO = """
version: 1
duration: 100s
services: {web: {application: {simulated: {}}}}
traffic:
  - {poisson: {rate: 9/s}, requests: [{path: /a, weight: 2}, {path: /b, method: POST, body: hello}]}
  - {clock: {rate: 1/s}, requests: [{path: /a}]}
"""


def test_routes_of_a_scenario_are_weighted_by_their_requests(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    first, second = route_mix(file)
    assert (first.observed.name, second.observed.name) == ("GET /a", "POST /b")
    assert first.weight == pytest.approx(600 + 100)
    assert second.weight == pytest.approx(300)
    assert second.body == "hello"


def test_a_source_whose_requests_cannot_be_counted_must_be_the_only_one(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    users = "  - {name: users, closed: {users: 3}, requests: [{path: /c, response_size: 5 KB}]}\n"
    file.write_text(f"{SCENARIO}{users}", encoding="utf-8")
    with pytest.raises(ValueError, match="traffic = closed of the source users, must be a rate where a scenario has"):
        route_mix(file)
    file.write_text(f"{SCENARIO.partition('  - ')[0]}{users}", encoding="utf-8")
    (route,) = route_mix(file)
    assert (route.observed.name, route.weight, route.response_bytes) == ("GET /c", 1.0, 5 * 1024)


def test_routes_of_an_access_log_are_templates_and_are_requested_with_a_value(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    line = '192.0.2.1 - - [01/Nov/2026:10:00:{:02d} +0000] "GET {} HTTP/1.1" 200 12 "-" "curl"\n'
    paths = [f"/items/{number}" for number in range(10, 40)] + ["/"] * 10
    file.write_text("".join(line.format(at % 60, path) for at, path in enumerate(paths)), encoding="utf-8")
    routes = {route.observed.name: route for route in route_mix(file)}
    (items,) = (name for name in routes if name.startswith("GET /items/"))
    assert routes[items].weight == pytest.approx(3 * routes["GET /"].weight)
    assert routes[items].path == "/items/1"
    assert "{" in items


def test_a_scenario_without_traffic_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SCENARIO.partition("traffic:")[0], encoding="utf-8")
    with pytest.raises(ValueError, match="must be a scenario with traffic or a recording"):
        route_mix(file)
