"""The timeline's effect on the rate of a source."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.scenario.rate_factor import STEADY, RateFactor, rate_factor
from simulator.scenario.scenario import read_scenario

TEXT = """
duration: 10 min
services: {web: {application: {simulated: {io: 1ms}}}}
traffic:
  - {name: people, clock: {rate: 1/s}}
  - {name: robots, clock: {rate: 1/s}}
timeline:
  - {at: 100s, rate: {factor: 2, for: 100s}}
  - {at: 150s, rate: {source: people, factor: 5, for: 10s}}
  - {at: 300s, rate: {source: robots, factor: 0}}
"""


def factor(source: str) -> RateFactor:
    return rate_factor(read_scenario(TEXT).timeline, source)


@pytest.mark.parametrize(
    ("source", "at_s", "expected"),
    [
        ("people", 0, 1),
        ("people", 99.9, 1),
        ("people", 100, 2),
        ("people", 150, 5),  # of two actions in force the later one applies
        ("people", 160, 2),
        ("people", 200, 1),
        ("people", 500, 1),
        ("robots", 155, 2),
        ("robots", 299, 1),
        ("robots", 300, 0),
        ("robots", 599, 0),
    ],
)
def test_the_latest_action_in_force_counts(source: str, at_s: float, expected: float) -> None:
    assert factor(source).at(np.array([at_s])).tolist() == [expected]


def test_a_source_without_actions_is_steady() -> None:
    assert rate_factor((), "people") == STEADY
    assert STEADY.is_one
    assert not factor("people").is_one
