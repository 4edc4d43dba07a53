"""Every lesson runs to its end, and its claims are true."""

from __future__ import annotations

import pytest

from simulator.lessons.course import course
from simulator.lessons.lesson import Lesson
from simulator.lessons.play import LessonOutcome, play_lesson

LESSONS = list(course().values())
# Lessons that the course must contain.
PROMISED = {
    "littles-law",
    "cold-start",
    "concurrency-and-rate",
    "overflow",
    "panic-window",
    "flapping",
    "max-concurrency",
    "retry-storm",
    "deploy-under-load",
    "price-of-idle",
    "slow-downstream",
}


def test_the_course_has_its_lessons_in_order() -> None:
    assert set(course()) >= PROMISED
    places = [lesson.place for lesson in LESSONS]
    assert places == sorted(set(places))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_every_value_worth_trying_fits_the_scenario(lesson: Lesson) -> None:
    lesson.read_scenario().require("virtual")
    for value in [*lesson.knob.tries, *(claim.knob for claim in lesson.claims if claim.knob is not None)]:
        assert lesson.read_scenario(value) != lesson.read_scenario()


def test_a_short_lesson_shows_what_it_claims() -> None:
    assert _broken(course()["littles-law"]) == []


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_lesson_shows_what_it_claims(lesson: Lesson) -> None:
    assert _broken(lesson) == []


def _broken(lesson: Lesson) -> list[str]:
    """Return the violated claims. Explanation and table are prepared as well, so that their figures must exist."""
    first = play_lesson(lesson)
    assert "{" not in first.explanation
    assert {shown.figure for shown in lesson.shows} <= set(first.figures)
    assert first.report.run.complete
    runs: dict[str, LessonOutcome] = {"None": first}
    for claim in lesson.claims:
        if str(claim.knob) not in runs:
            runs[str(claim.knob)] = play_lesson(lesson, claim.knob)
    found = [claim.broken(runs[str(claim.knob)].figures, first.figures) for claim in lesson.claims]
    return [problem for problem in found if problem]
