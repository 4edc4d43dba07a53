"""The numbers of rows: one per source, or one for each kind of request if a check is about a kind."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.scenario.request_numbers import RequestNumbers
from simulator.scenario.scenario import read_scenario

TEXT = """
duration: 1 min
services: {web: {application: {simulated: {io: 1ms}}}}
traffic:
  - name: people
    clock: {rate: 1/s}
    requests: [{path: "/a?x=1", name: first}, {path: /b}, {path: /a}]
  - {name: robots, clock: {rate: 1/s}}
checks: [%s]
"""


def numbers(check: str) -> RequestNumbers:
    scenario = read_scenario(TEXT % check)
    return RequestNumbers(scenario.traffic, scenario.checks)


def of_kinds(found: RequestNumbers) -> list[Sequence[int]]:
    return [[kind.number for kind in found.kinds(index)] for index in (0, 1)]


def test_without_a_check_of_a_kind_a_source_has_one_number() -> None:
    found = numbers('"p95 < 1s"')
    assert of_kinds(found) == [[0, 0, 0], [1]]
    assert found.sources == [0, 1]


def test_a_check_of_a_kind_gives_further_kinds_numbers_of_their_own() -> None:
    found = numbers('"p95{path:/b} < 1s"')
    assert of_kinds(found) == [[0, 2, 3], [1]]
    assert found.sources == [0, 1, 0, 0]
    assert (found.of_sources([0]), found.of_sources([1])) == ([0, 2, 3], [1])


def test_tags_select_kinds_by_path_with_or_without_query_and_by_name() -> None:
    found = numbers('"p95{path:/b} < 1s"')
    assert found.meant([0, 1], "/b", None) == [2]
    assert found.meant([0, 1], "/a", None) == [0, 3]
    assert found.meant([0, 1], "/a?x=1", None) == [0]
    assert found.meant([0, 1], None, "first") == [0]
    assert found.meant([1], None, None) == [1]


def test_plain_sources_have_their_position() -> None:
    found = RequestNumbers.of_plain_sources(3)
    assert [found.kinds(index)[0].number for index in range(3)] == found.sources == [0, 1, 2]


def test_a_run_that_measures_paths_gives_their_kinds_numbers_of_their_own() -> None:
    both = '{application: {process: {command: "true"}, simulated: {io: 1ms}}}'
    scenario = read_scenario((TEXT % "").replace("{application: {simulated: {io: 1ms}}}", both))
    assert scenario.numbers.sources == [0, 1]
    assert of_kinds(scenario.with_measured_paths().numbers) == [[0, 2, 3], [1]]
    assert scenario.numbers.sources == [0, 1]
    assert read_scenario(TEXT % "").with_measured_paths().numbers.sources == [0, 1], "nothing real is measured"


def test_kinds_that_have_numbers_of_their_own_keep_them() -> None:
    scenario = read_scenario(TEXT % "")
    apart = RequestNumbers(scenario.traffic, measured_services=scenario.services)
    made = scenario.model_copy(update={"numbers": apart})
    assert of_kinds(made.numbers) == of_kinds(made.with_measured_paths().numbers) == [[0, 2, 3], [1]]
