"""A batch: an interrupted one resumes, and keeps each result before it is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.workers.batch import played
from simulator.lab.workers.in_turn import InTurn
from simulator.lab.workers.kept_results import KeptResults


def tenfold(calls: list[int], unit: int) -> float:
    calls.append(unit)
    if unit == 3:
        raise ValueError("three")
    return unit * 10.0


def kept_in(path: Path) -> KeptResults[int, float]:
    return KeptResults(path, float, lambda unit: {"unit": unit}, lambda result: result != 50)


def test_a_batch_plays_what_the_file_lacks_errors_and_provisional_results_included(tmp_path: Path) -> None:
    calls: list[int] = []
    with kept_in(tmp_path / "runs.jsonl") as kept:
        for unit, future, before in played(InTurn(), tenfold, calls, range(8), kept=kept):
            assert not before
            if future.exception() is None and unit != 5:
                assert kept.found(unit) == unit * 10, "it is kept before it is reported"
            if unit == 6:
                break  # as an interrupt does
    assert calls == list(range(7))
    with kept_in(tmp_path / "runs.jsonl") as kept:
        found = list(played(InTurn(), tenfold, calls, range(8), kept=kept))
    assert [(unit, before) for unit, _, before in found] == [
        *((unit, True) for unit in (0, 1, 2, 4, 6)),
        *((unit, False) for unit in (3, 5, 7)),
    ]
    assert calls[7:] == [3, 5, 7]
    assert {unit: future.result() for unit, future, _ in found if unit != 3} == {
        unit: unit * 10 for unit in range(8) if unit != 3
    }


def test_without_a_file_every_unit_is_played() -> None:
    found = {unit: future for unit, future, _ in played(InTurn(), tenfold, [], range(5))}
    assert found[4].result() == 40
    with pytest.raises(ValueError, match="three"):
        found[3].result()
