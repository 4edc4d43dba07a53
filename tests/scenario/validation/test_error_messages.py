"""Errors of the sections in the terms of the file."""

from __future__ import annotations

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario

GOOD = """
duration: 1 min
services:
  web: {max_concurrency: 5, policy: {name: fixed, instances: 1}, application: {simulated: {cpu: 80ms}}}
traffic: [{clock: {rate: 1/s}}]
"""


def problems(old: str, new: str) -> list[str]:
    with pytest.raises(ScenarioError) as rejected:
        read_scenario(GOOD.replace(old, new), file="a.yaml")
    return [str(problem) for problem in rejected.value.problems]


def test_a_parameter_may_exceed_a_range_that_another_one_has_widened() -> None:
    policy = "{name: hpa, metric_period: 60s, metric_window: 60s}"
    text = GOOD.replace("{name: fixed, instances: 1}", policy)
    assert read_scenario(text).services["web"].policy.parameters.metric_window_s == 60
    found = problems("{name: fixed, instances: 1}", policy.replace("window: 60s", "window: 61s"))
    assert any("metric_window = 61s" in text for text in found), found


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("max_concurrency: 5", "max_concurrency: many", ["max_concurrency = many", "a whole number"]),
        ("max_concurrency: 5", "max_concurency: 5", ["max_concurency", "max_concurrency"]),
        ("name: fixed", "name: fixt", ["fixt", "fixed"]),
        ("cpu: 80ms", "cpu: 80 parsecs", ["80 parsecs", "duration"]),
        ("cpu: 80ms", "cpu: {constant: -1s}", ["cpu.constant"]),
        ("duration: 1 min\n", "", ["duration", "must be given"]),
        ("traffic: [{clock: {rate: 1/s}}]", "traffic: 5", ["traffic = 5", "a list"]),
        ("instances: 1", "instances: -1", ["instances = -1"]),
    ],
)
def test_an_error_has_place_value_and_what_is_expected(old: str, new: str, parts: list[str]) -> None:
    found = problems(old, new)
    assert any(all(part in text for part in parts) for text in found), found
    assert all(text.startswith("a.yaml:") for text in found)


def test_a_bad_item_of_a_list_is_one_problem() -> None:
    assert len(problems("rate: 1/s", "rate: fast")) == 1
