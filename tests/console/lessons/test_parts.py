"""Lessons as data for the page: their order, their question, and escaped markup."""

from __future__ import annotations

import json

from simulator.console.lessons.parts import course_part, lesson_part
from simulator.lessons.course import course


def test_every_lesson_leads_to_the_next_and_back() -> None:
    parts = [lesson_part(lesson) for lesson in course().values()]
    names = [part["name"] for part in parts]
    assert [part["next"] for part in parts] == [*names[1:], None]
    assert [part["before"] for part in parts] == [None, *names[:-1]]
    assert names == [part["name"] for part in course_part()]


def test_a_question_has_its_choices_and_its_service_is_of_the_scenario() -> None:
    for lesson in course().values():
        part = lesson_part(lesson)
        assert [choice["key"] for choice in part["question"]["choices"]] == [
            choice.key for choice in lesson.question.choices
        ]
        assert part["service"] is None or part["service"] in lesson.read_scenario().services
        assert len(part["knob"]["tries"]) == len(lesson.knob.tries)


def test_texts_are_html_without_scripts_and_all_of_it_is_json() -> None:
    parts = [lesson_part(lesson) for lesson in course().values()]
    assert all(part["text"].startswith("<p>") for part in parts)
    assert "<script" not in json.dumps(parts)
