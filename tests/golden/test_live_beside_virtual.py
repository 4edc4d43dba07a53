"""The comparison of benchmarks/live_beside_virtual: how far two courses are apart, and what its scenarios contain."""

from __future__ import annotations

import math
from functools import cache

import pytest

from benchmarks.live_beside_virtual.__main__ import FOLDER, compared
from benchmarks.live_beside_virtual.alignment import (
    READY,
    Course,
    courses_apart,
    desired_course,
    event_lines,
    levels_apart,
    lines_apart,
    state_course,
)
from simulator import Scenario
from simulator.report.schema import Report


def course(*changes: tuple[float, int], end_s: float = 60.0) -> Course:
    return Course(changes, end_s)


def brute_force(one: Course, other: Course) -> float:
    """Return the distance in fifths of a second: each course is at every moment where the other is within it."""
    levels = [
        [[level for begin_s, level in line.changes if begin_s <= step / 5][-1] for step in range(int(line.end_s * 5))]
        for line in (one, other)
    ]
    steps = range(len(levels[0]))
    for d in range(150):
        windows = [[line[max(0, n - d) : n + d + 1] for n in steps] for line in levels]
        if all(
            min(window) <= level <= max(window)
            for mine, theirs in ((0, 1), (1, 0))
            for level, window in zip(levels[mine], windows[theirs], strict=True)
        ):
            return d / 5
    return math.inf


@pytest.mark.parametrize(
    ("one", "other", "seconds"),
    [
        (course((0, 1)), course((0, 1)), 0.0),
        (course((0, 1), (10, 2)), course((0, 1), (11.5, 2)), 1.5),
        (course((0, 1), (10, 3)), course((0, 1), (10, 2), (10.4, 3)), 0.4),
        (course((0, 1), (10, 2), (20, 1)), course((0, 1), (10, 2), (23, 1)), 3.0),
        (course((0, 2), (10, 1), (12, 2), (30, 1), (34, 2)), course((0, 2), (10, 1), (12, 2)), 22.0),
        (course((0, 1), (10, 2)), course((0, 1)), math.inf),
    ],
)
def test_the_distance_of_two_courses_is_that_of_its_definition(one: Course, other: Course, seconds: float) -> None:
    assert levels_apart(one, other).seconds == levels_apart(other, one).seconds == pytest.approx(seconds)
    assert brute_force(one, other) == pytest.approx(seconds, abs=0.21)


def test_a_level_of_a_moment_counts_as_passed() -> None:
    both_at_once = course((0, 2), (10, 3), (10, 4), (10, 3), (10, 2))
    one_by_one = course((0, 2), (9.2, 3), (9.3, 4), (9.9, 3), (10, 2))
    assert levels_apart(both_at_once, one_by_one).seconds == pytest.approx(0.8)


def test_equal_lines_are_compared_in_their_order() -> None:
    assert lines_apart([(1, "a"), (5, "a"), (7, "b")], [(1.5, "a"), (4, "a"), (7, "b")]).seconds == 1.0
    missing = lines_apart([(1, "a"), (5, "a")], [(1, "a")])
    assert (missing.seconds, missing.where) == (math.inf, "'a': 2 and 1 times")


@cache
def virtual(name: str) -> Report:
    return Scenario(FOLDER / f"{name}.yaml").run().report


@pytest.mark.parametrize("name", sorted(file.stem for file in FOLDER.glob("*.yaml")))
def test_each_scenario_is_what_it_says(name: str) -> None:
    scenario = Scenario(FOLDER / f"{name}.yaml").checked
    assert scenario.measurable_services == {"web"}
    assert scenario.duration_s <= 60
    report = virtual(name)
    (service,) = report.services
    desired = [level for _, level in desired_course(service, 60).changes]
    ready = state_course(service, READY, 60)
    match name:
        case "steady":
            assert desired == [1, 2]
        case "burst":
            assert max(desired) > 1
            assert desired[-1] < max(desired)
        case "kill":
            assert report.requests.failed > 0
            assert min(level for _, level in ready.changes) == 1
        case "wake":
            after = [(event.at_s > 32, event.after) for event in service.instance_events if event.at_s > 15]
            assert after[:2] == [(False, "idle"), (True, "active")]
        case "zero":
            assert 0 in desired
            assert report.requests.cold_starts > 0
            assert report.requests.rejected == 0
        case "deploy":
            lines = {line for _, line in event_lines(service)}
            assert "Deployment completed successfully." in lines
            assert any(line.startswith("Deployment failed") for line in lines)
        case _:
            raise AssertionError(name)


def test_a_run_beside_itself_has_no_difference() -> None:
    report = virtual("deploy")
    assert all(apart.seconds == 0 for apart in courses_apart(report, report).values())
    assert all(row.holds for row in compared(report, report))


def test_another_run_misses_bounds() -> None:
    rows = list(compared(virtual("deploy"), virtual("kill")))
    assert {row.figure for row in rows if not row.holds} >= {"ready", "event log", "requests"}
