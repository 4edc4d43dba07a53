"""Rules between the traffic and the checks of a file: each error has its place and the known names."""

from __future__ import annotations

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario

TEXT = """
duration: 1 min
services: {web: {application: {simulated: {io: 1ms}}}}
traffic:
  - {name: people, clock: {rate: 1/s}, requests: [{path: /a, name: first}]}
checks: ["%s"]
"""


@pytest.mark.parametrize(
    ("check", "part"),
    [
        ("wep: p95 < 1s", "web"),
        ("p95{source:peple} < 1s", "people"),
        ("p95{path:/b} < 1s", "/a"),
        ("p95{name:last} < 1s", "first"),
    ],
)
def test_a_check_of_something_unknown_names_what_there_is(check: str, part: str) -> None:
    with pytest.raises(ScenarioError) as rejected:
        read_scenario(TEXT % check)
    (problem,) = rejected.value.problems
    assert problem.line == 6
    assert part in str(problem)


@pytest.mark.parametrize("check", ["web: p95 < 1s", "people: p95 < 1s", "p95{path:/a} < 1s", "p95{name:first} < 1s"])
def test_a_check_of_something_known_is_accepted(check: str) -> None:
    assert len(read_scenario(TEXT % check).checks) == 1


def test_states_that_change_too_often_are_rejected_with_the_shortest_stay() -> None:
    text = (
        (TEXT % "p95 < 1s")
        .replace("1 min", "30 days")
        .replace("clock: {rate: 1/s}", "mmpp: {states: [{rate: 1/s, stay: 1s}, {rate: 2/s, stay: 1h}]}")
    )
    with pytest.raises(ScenarioError) as rejected:
        read_scenario(text)
    assert any("500000 states a run" in str(problem) for problem in rejected.value.problems)
