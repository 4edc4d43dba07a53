"""The verdict of every lesson is that of its golden file, and about what the lesson teaches.

test_played_changes.py has the changes that they propose.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from simulator.lessons.course import course
from simulator.lessons.play import play_lesson
from simulator.report.schema import Report
from simulator.report.verdict.part import CauseKind
from tests.golden.golden_text import assert_golden
from tests.golden.verdict_text import verdict_text

FOLDER = Path(__file__).parent / "verdicts" / "lessons"

# The first cause of the service that lost most requests; None: no request was lost or slow.
CAUSES: dict[str, CauseKind | None] = {
    "littles-law": None,
    "cold-start": None,
    "concurrency-and-rate": CauseKind.MAX_CONCURRENCY_LOW,
    "overflow": CauseKind.START_LAG,
    "panic-window": None,
    "flapping": CauseKind.SCALE_IN,
    "retry-storm": CauseKind.MAX_SIZE,
    "max-concurrency": CauseKind.SCALE_IN,
    "deploy-under-load": None,
    "price-of-idle": None,
    "slow-downstream": CauseKind.DOWNSTREAM,
}
SHORT = ("cold-start", "price-of-idle")


def test_every_lesson_has_a_cause() -> None:
    assert set(CAUSES) == set(course())


CHOSEN = [name if name in SHORT else pytest.param(name, marks=pytest.mark.slow) for name in CAUSES]


@functools.cache
def report_of(name: str) -> Report:
    return play_lesson(course()[name]).report


@pytest.mark.parametrize("name", CHOSEN)
def test_the_first_cause_of_a_lesson(name: str) -> None:
    verdict = report_of(name).verdict
    assert verdict is not None
    worst = max(verdict.services, key=lambda part: part.lost)
    first = worst.causes[0].kind if worst.causes else None
    assert first == CAUSES[name]


@pytest.mark.parametrize("name", CHOSEN)
def test_the_verdict_of_a_lesson_is_that_of_the_golden_file(name: str, *, remake: bool) -> None:
    assert_golden(verdict_text(report_of(name)), FOLDER / f"{name}.txt", remake=remake)


def test_every_golden_file_has_its_lesson() -> None:
    assert {file.stem for file in FOLDER.glob("*.txt")} == set(course())
