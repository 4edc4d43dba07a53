from __future__ import annotations

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario

TEXT = """
duration: 10 min
services:
  one: {application: {simulated: {io: 1ms}, downstream: {orders-db: {%s}}}}
  two: {application: {simulated: {io: 1ms}, downstream: {orders-db: {%s}}}}
traffic: [{service: one, clock: {rate: 1/s}}, {service: two, clock: {rate: 1/s}}]
checks: [%s]
"""
DEFINED = "connections: 10, service: 4ms, on_full: queue, queue: 5"


def problems_of(text: str) -> str:
    with pytest.raises(ScenarioError) as rejected:
        read_scenario(text)
    return "\n".join(str(problem) for problem in rejected.value.problems)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (DEFINED, "pool: 3"),
        ("pool: 3", DEFINED),
        (DEFINED, f"{DEFINED}, pool: 3"),
        (DEFINED, "service: 0.004s, pool: 3"),
        ("connections: 10, pool: 3", "service: 4ms, on_full: wait, wait: 1s"),
    ],
)
def test_one_service_defines_a_resource_for_all(first: str, second: str) -> None:
    scenario = read_scenario(TEXT % (first, second, ""))
    one, two = (scenario.services[name].application.downstream["orders-db"] for name in ("one", "two"))
    assert one.model_copy(update={"pool": None}) == two.model_copy(update={"pool": None})
    assert {one.pool, two.pool} == {3, None} or "pool" not in first + second


@pytest.mark.parametrize(
    ("second", "key"),
    [
        ("connections: 11", "connections"),
        ("service: {exponential: 4ms}", "service"),
        ("on_full: error", "on_full"),
        ("queue: 6", "queue"),
        ("contention: 1 %", ""),
    ],
)
def test_two_definitions_that_differ_are_an_error_at_the_second(second: str, key: str) -> None:
    if not key:  # the first omits it, so the second completes the definition
        read_scenario(TEXT % (DEFINED, second, ""))
        return
    text = problems_of(TEXT % (DEFINED, second, ""))
    assert f"services.two.application.downstream.orders-db.{key}" in text
    assert "the same as in services.one.application.downstream.orders-db" in text


def test_a_resource_that_no_service_defines_is_an_error() -> None:
    text = problems_of(TEXT % ("pool: 3", "pool: 4", ""))
    assert "services.one.application.downstream.orders-db.connections" in text


def test_a_deployment_has_the_definition_too_and_may_not_change_it() -> None:
    event = (
        "timeline: [{at: 1min, deploy: {service: one, application: {simulated: {}, downstream: {orders-db: {%s}}}}}]"
    )
    [deploy] = [event.deploy for event in read_scenario(TEXT % (DEFINED, DEFINED, "") + event % "pool: 9").timeline]
    assert deploy is not None
    assert deploy.application is not None
    assert deploy.application.downstream["orders-db"].connections == 10
    assert "timeline[0].deploy" in problems_of(TEXT % (DEFINED, DEFINED, "") + event % "connections: 9")


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("'downstream_wait_p99{downstream:orders} < 1 s'", "orders-db"),
        ("'one: downstream_wait_p99 < 1 s'", "services share a downstream resource"),
        ("'downstream_error_rate{path:/} < 1 %'", "must be downstream:NAME alone"),
        ("'p99{downstream:orders-db} < 1 s'", "a tag other than downstream"),
    ],
)
def test_a_check_names_an_existing_resource_and_nothing_else(check: str, message: str) -> None:
    assert message in problems_of(TEXT % (DEFINED, DEFINED, check))


def test_a_real_application_calls_its_own_resources() -> None:
    text = "duration: 1 min\nservices: {web: {application: {%s process: {command: [x]}, downstream: {db: {%s}}}}}\n"
    assert "must have `at`, or be left out: a real application calls real servers" in problems_of(text % ("", DEFINED))
    scenario = read_scenario(text % ("simulated: {},", DEFINED))
    scenario.require("virtual")
    with pytest.raises(ScenarioError, match="given with `at` in real time, or left out"):
        scenario.require("real")
