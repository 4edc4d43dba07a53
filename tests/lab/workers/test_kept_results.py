"""The file of results: what is found in it is what was kept, and every line that is not used is named."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.lab.workers import kept_results
from simulator.lab.workers.code_version import code_version
from simulator.lab.workers.kept_results import KeptResults, ResultsConflict


class Pair(NamedTuple):
    """A part of a result."""

    name: str
    number: int


@dataclasses.dataclass(frozen=True)
class Shape:
    """A result with the types that results have."""

    values: dict[str, float | None]
    pairs: tuple[Pair, ...] = ()
    inner: Shape | None = None


def described(unit: tuple[str, int]) -> dict[str, str | int]:
    name, seed = unit
    return {"name": name, "seed": seed}


def kept_in(path: Path) -> KeptResults[tuple[str, int], Shape]:
    return KeptResults(path, Shape, described, lambda shape: "error" not in shape.values)


UNITS = [("a", 1), ("a", 2), ("b", 1)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "runs.jsonl"
    with kept_in(path) as kept:
        for number, unit in enumerate(UNITS):
            kept.keep(unit, Shape({"x": number / 3}))
    return path


def values(path: Path) -> list[float | None]:
    with kept_in(path) as kept:
        found = [kept.found(unit) for unit in UNITS]
    return [None if shape is None else shape.values["x"] for shape in found]


def notes(path: Path) -> list[str]:
    with kept_in(path) as kept:
        return kept.notes


numbers = st.none() | st.floats(allow_nan=False)
shapes = st.recursive(
    st.builds(Shape, st.dictionaries(st.text(), numbers)),
    lambda inner: st.builds(
        Shape,
        st.dictionaries(st.text(), numbers),
        st.lists(st.builds(Pair, st.text(), st.integers())).map(tuple),
        inner,
    ),
    max_leaves=3,
)


@given(shape=shapes, name=st.text())
def test_a_kept_result_is_found_unchanged(shape: Shape, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("kept") / "runs.jsonl"
    is_kept = "error" not in shape.values
    with kept_in(path) as kept:
        kept.keep((name, 1), shape)
    with kept_in(path) as kept:
        assert kept.found((name, 1)) == (shape if is_kept else None)
        assert kept.found((name, 2)) is None
        assert not kept.notes


def test_infinity_is_kept(tmp_path: Path) -> None:
    with kept_in(tmp_path / "a") as kept:
        kept.keep(("a", 1), Shape({"x": -math.inf}))
    with kept_in(tmp_path / "a") as kept:
        assert kept.found(("a", 1)) == Shape({"x": -math.inf})


def test_a_line_can_be_read_by_a_person(file: Path) -> None:
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert list(lines[1]) == ["digest", "simulator", "unit", "result"]
    assert lines[1]["simulator"] == code_version()
    assert lines[1]["unit"] == {"name": "a", "seed": 2}
    assert lines[1]["result"] == {"values": {"x": 1 / 3}, "pairs": [], "inner": None}
    with kept_in(file) as kept:
        kept.keep(("c", 1), Shape({}, (Pair("p", 2),)))
    assert json.loads(file.read_text().splitlines()[-1])["result"]["pairs"] == [{"name": "p", "number": 2}]


def test_others_are_the_results_that_a_batch_does_not_use(file: Path) -> None:
    with kept_in(file) as kept:
        assert kept.others(UNITS) == 0
        assert kept.others([*UNITS[1:], ("c", 1)]) == 1


def _swap_digits(line: str) -> str:
    return line.replace("0.3333", "0.4444")


@pytest.mark.parametrize("damage", [_swap_digits, lambda line: line[:50] + "\n", lambda _: "x\n", lambda _: "[1]\n"])
def test_a_damaged_line_is_named_and_its_result_is_not_used(file: Path, damage: Callable[[str], str]) -> None:
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0] + damage(lines[1]) + lines[2])
    before = file.read_text()
    assert values(file) == [0, None, 2 / 3]
    assert notes(file) == [f"{file}: line 2 is damaged; the results are not used"]
    assert file.read_text() == before, "the line stays"


def test_a_last_line_that_a_crash_truncated_is_removed(file: Path) -> None:
    whole = file.read_bytes()
    for cut in range(1, len(whole.splitlines(keepends=True)[-1])):
        file.write_bytes(whole[:-cut])
        assert values(file) == [0, 1 / 3, None]
        assert file.read_bytes() == b"".join(whole.splitlines(keepends=True)[:2])


def test_results_of_another_version_are_named_and_not_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_results, "code_version", lambda: "9.9.9+abc")
    assert values(file) == [None] * 3
    (note,) = notes(file)
    assert note == (
        f"{file}: lines 1 to 3 are of another simulator, {code_version()}, and this is 9.9.9+abc; "
        "the results are not used"
    )
    with kept_in(file) as kept:
        kept.keep(UNITS[1], Shape({"x": 7.0}))
    assert values(file) == [None, 7, None]
    assert len(file.read_text().splitlines()) == 4


def test_a_file_is_used_by_one_process_at_a_time(file: Path) -> None:
    with kept_in(file), pytest.raises(ResultsConflict, match=r"runs\.jsonl is in use by another process"):
        kept_in(file).__enter__()
    assert values(file) == [0, 1 / 3, 2 / 3]


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([3], "line 3 is"),
        ([1, 2, 3], "lines 1 to 3 are"),
        ([1, 3, 4, 9], "lines 1, 3 to 4 and 9 are"),
        ([1, 9], "lines 1 and 9 are"),
    ],
)
def test_lines_are_named_by_ranges(numbers: list[int], text: str) -> None:
    assert kept_results._numbers(numbers) == text
