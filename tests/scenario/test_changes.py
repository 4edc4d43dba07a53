"""Changes to a scenario: the place that a name means, and validation of the changed file."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.scenario.changes import changed, parse_value
from simulator.scenario.document import parse_document
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario
from tests.scenario.scenario_texts import scenario_text

TWO = "duration: 9s\nservices: {web: {cpu: 1}, api: {policy: knative}}\ntraffic: [{name: us, clock: {rate: 1/s}}]\n"


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("duration", "5s", ("duration",)),
        ("services.web.cpu", 2, ("services", "web", "cpu")),
        ("web.cpu", 2, ("services", "web", "cpu")),
        ("traffic.us.clock.rate", "2/s", ("traffic", 0, "clock", "rate")),
        ("traffic.0.clock.rate", "2/s", ("traffic", 0, "clock", "rate")),
        ("web.health_check.interval", "1s", ("services", "web", "health_check", "interval")),
        ("api.policy.window", "9s", ("services", "api", "policy", "window")),
        ("web.policy.window", "9s", ("services", "web", "policy", "window")),
    ],
)
def test_a_name_addresses_a_place_of_the_file(name: str, value: Any, place: tuple[str | int, ...]) -> None:
    data: Any = changed(parse_document(TWO), {name: value}).data
    for part in place:
        data = data[part]
    assert data == value


def test_a_key_of_a_service_means_every_service_and_the_file_stays_as_it_is() -> None:
    document = parse_document(TWO)
    services = changed(document, {"max_size": 7}).data["services"]
    assert [service["max_size"] for service in services.values()] == [7, 7]
    assert document.data == parse_document(TWO).data


def test_a_parameter_of_a_policy_keeps_the_policy() -> None:
    services = changed(parse_document(TWO), {"policy.window": "9s"}).data["services"]
    assert [service["policy"] for service in services.values()] == [
        {"name": "app-runner", "window": "9s"},
        {"name": "knative", "window": "9s"},
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "must be a place such as max_concurrency"),
        ("web..cpu", "must be a place such as max_concurrency"),
        ("traffic.them.clock.rate", "must have in place of 'them' one of us"),
        ("web.cpu.units", r"must not reach into services\.web\.cpu, which is 1"),
    ],
)
def test_an_invalid_place_is_rejected(name: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        changed(parse_document(TWO), {name: 1})


def test_a_changed_file_is_validated_as_a_whole() -> None:
    assert read_scenario(scenario_text(), changes={"max_concurrency": 7}).services["web"].max_concurrency == 7
    with pytest.raises(ScenarioError, match=r"services\.web\.max_concurrency = 500, must be at most 200"):
        read_scenario(scenario_text(), changes={"max_concurrency": 500})
    with pytest.raises(ScenarioError, match=r"services\.web\.max_concurency = 5, .*did you mean `max_concurrency`"):
        read_scenario(scenario_text(), changes={"max_concurency": 5})


def test_values_are_read_as_the_file_would() -> None:
    assert [parse_value(text) for text in ("10", "1.5", "90s", "{name: fixed}", "")] == [
        10,
        1.5,
        "90s",
        {"name": "fixed"},
        None,
    ]
