"""The verdict of every lesson is about what the lesson teaches, and its proposed change does what it says."""

from __future__ import annotations

import pytest

from simulator.lab.backend_names import EVENT_LOOP
from simulator.lab.what_if.what_ifs import with_played_changes
from simulator.lessons.course import course
from simulator.lessons.play import play_lesson
from simulator.report.verdict.part import CauseKind

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


@pytest.mark.parametrize(
    "name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.slow) for name in CAUSES]
)
def test_the_first_cause_of_a_lesson(name: str) -> None:
    outcome = play_lesson(course()[name])
    assert outcome.report.verdict is not None
    worst = max(outcome.report.verdict.services, key=lambda part: part.lost)
    first = worst.causes[0].kind if worst.causes else None
    assert first == CAUSES[name]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "change", "is_enough"),
    [
        ("overflow", "MinSize 6", True),
        ("flapping", "MinSize 6", True),
        ("max-concurrency", "MinSize 3", True),
        ("retry-storm", "MinSize 5 and MaxSize 5", True),
        ("slow-downstream", "MaxSize 3", False),  # nothing is enough: the database completes fewer than arrive
    ],
)
def test_the_proposed_change_of_a_lesson(name: str, change: str, is_enough: bool) -> None:
    lesson = course()[name]
    outcome = play_lesson(lesson)
    report = with_played_changes(outcome.report, lesson.read_scenario(None), 5, EVENT_LOOP)
    assert report.verdict is not None
    (part,) = report.verdict.services
    best = part.what_ifs[0]
    assert (best.change, best.is_enough) == (change, is_enough)
    assert best.errors < part.lost
