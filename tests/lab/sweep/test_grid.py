"""Axes as written on the command line, and the points of their grid."""

from __future__ import annotations

import pytest

from simulator.lab.sweep.grid import Axis, parse_axis, points


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("max_concurrency=10,20,50", (10, 20, 50)),
        ("min_size=1..4", (1, 2, 3, 4)),
        ("min_size=1..10..4", (1, 5, 9)),
        ("duration=60s, 2m", ("60s", "2m")),
        ("policy={name: fixed, instances: 3},app-runner", ({"name": "fixed", "instances": 3}, "app-runner")),
        ("name='a,b',c", ("a,b", "c")),
    ],
)
def test_values_are_those_of_the_file(text: str, values: tuple[object, ...]) -> None:
    assert parse_axis(text) == Axis(text.partition("=")[0], values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max_concurrency", "must be a field and its values"),
        ("=1,2", "must be a field and its values"),
        ("a=", "must be a field and its values"),
        ("a=5..1", "must be a range from low to high"),
        ("a=1..5..0", "must be a range from low to high"),
        ("a=1,1", "must have each value once"),
        ("a={b", "must have values that read as YAML"),
    ],
)
def test_an_invalid_axis_is_rejected_with_what_is_expected(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse_axis(text)


def test_every_combination_once_the_last_axis_fastest_and_seeds_within() -> None:
    told = list(points([Axis("a", (1, 2)), Axis("b", ("x", "y"))], [7, 8]))
    assert [point.number for point in told] == list(range(8))
    assert [(dict(point.changes), point.seed) for point in told[:3]] == [
        ({"a": 1, "b": "x"}, 7),
        ({"a": 1, "b": "x"}, 8),
        ({"a": 1, "b": "y"}, 7),
    ]


def test_a_grid_is_bounded_and_its_axes_differ() -> None:
    with pytest.raises(ValueError, match="'a' twice"):
        list(points([Axis("a", (1,)), Axis("a", (2,))], [1]))
    with pytest.raises(ValueError, match="4000000 points, must be at most 1000000"):
        list(points([Axis("a", tuple(range(2000))), Axis("b", tuple(range(2000)))], [1]))
