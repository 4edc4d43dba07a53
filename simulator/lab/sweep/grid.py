"""A grid of scenarios: axes with their values, and every combination of the values with every seed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulator.scenario.changes import parse_value
from simulator.scenario.problems import ScenarioError

POINTS_MAX: Final = 1_000_000
_RANGE: Final = re.compile(r"^(-?\d+)\.\.(-?\d+)(?:\.\.(\d+))?$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Axis:
    """A setting that varies: a key of the scenario (scenario/changes.py) and its values, as in a scenario file."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class GridPoint:
    """One run of a sweep. `changes` are in the order of the axes."""

    number: int
    changes: tuple[tuple[str, Any], ...]
    seed: int


def parse_axis(text: str) -> Axis:
    """Parse an axis: `max_concurrency=10,20,50`, `min_size=1..10` or `min_size=1..25..4` (ends included).

    A value may contain commas within brackets: `policy={name: fixed, instances: 3},app-runner`.

    Raises:
        ValueError: if the text has another form.
    """
    name, equals, given = text.partition("=")
    if not (name.strip() and equals and given.strip()):
        msg = f"vary = {text!r}, must be a field and its values, such as max_concurrency=10,20,50 or min_size=1..10"
        raise ValueError(msg)
    if match := _RANGE.match(given.strip()):
        return Axis(name.strip(), _range(text, *match.groups()))
    try:
        values = tuple(parse_value(value.strip()) for value in _split(given))
    except ScenarioError as error:
        msg = f"vary = {text!r}, must have values that read as YAML: {error}"
        raise ValueError(msg) from error
    if len({repr(value) for value in values}) < len(values):
        msg = f"vary = {text!r}, must have each value once"
        raise ValueError(msg)
    return Axis(name.strip(), values)


def points(axes: Sequence[Axis], seeds: Sequence[int]) -> Iterator[GridPoint]:
    """Yield every combination, with the last axis varying fastest, and all seeds of a combination together.

    Raises:
        ValueError: if an axis is given twice or there are more than a million points.
    """
    names = [axis.name for axis in axes]
    for name in names:
        if names.count(name) > 1:
            msg = f"vary = {name!r} twice, must be given once"
            raise ValueError(msg)
    size = len(seeds)
    for axis in axes:
        size *= len(axis.values)
    if size > POINTS_MAX:
        msg = f"vary = {size} points, must be at most {POINTS_MAX}"
        raise ValueError(msg)
    combinations = itertools.product(*(axis.values for axis in axes))
    for number, (values, seed) in enumerate(itertools.product(combinations, seeds)):
        yield GridPoint(number, tuple(zip(names, values, strict=True)), seed)


def _range(text: str, first: str, last: str, step: str | None) -> tuple[int, ...]:
    low, high, by = int(first), int(last), int(step or 1)
    if low > high or by == 0 or (high - low) // by >= POINTS_MAX:
        msg = f"vary = {text!r}, must be a range from low to high, with a step above 0"
        raise ValueError(msg)
    return tuple(range(low, high + 1, by))


def _split(text: str) -> Iterator[str]:
    """Split at commas outside brackets and quotes."""
    depth, start, quote = 0, 0, ""
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "[{":
            depth += 1
        elif letter in "]}":
            depth -= 1
        elif letter == "," and depth == 0:
            yield text[start:place]
            start = place + 1
    yield text[start:]
