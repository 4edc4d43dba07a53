"""A lesson and its outcome as data for its page: texts as HTML, figures as text, the journal, the run for a replay.

The page has the same content and the same words as the terminal (text.py), from the same lesson and run.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from markdown_it import MarkdownIt

from simulator.console.lessons.text import figure_text, prediction_text, value_text
from simulator.console.report.html import page_document
from simulator.lessons.course import course
from simulator.lessons.lesson import Knob, Lesson
from simulator.lessons.lesson_figures import prefix_of
from simulator.lessons.play import LessonOutcome


@cache
def _markdown() -> MarkdownIt:
    """Convert Markdown to HTML. Markup within a text is escaped."""
    return MarkdownIt("commonmark", {"html": False})


def lesson_part(lesson: Lesson) -> dict[str, Any]:
    """Return the texts of the lesson that precede the prediction, and the parameter to change afterwards."""
    names = list(course())
    asked_about = (
        name for name in lesson.read_scenario().services if lesson.question.figure.startswith(prefix_of(name))
    )
    place = names.index(lesson.name)
    question, knob = lesson.question, lesson.knob
    return {
        "name": lesson.name,
        "title": lesson.title,
        "place": lesson.place,
        "service": next(asked_about, None),
        "text": _markdown().render(lesson.text),
        "question": {
            "ask": _markdown().renderInline(question.ask),
            "such_as": question.such_as,
            "choices": [{"key": choice.key, "text": choice.text} for choice in question.choices],
        },
        "knob": {
            "place": knob.place,
            "ask": _markdown().renderInline(knob.ask),
            "tries": [Knob.value_text(value) for value in knob.tries],
        },
        "before": names[place - 1] if place else None,
        "next": names[place + 1] if place + 1 < len(names) else None,
    }


def course_part() -> list[dict[str, Any]]:
    """Return every lesson with its question, in the order of the course."""
    return [
        {"name": lesson.name, "place": lesson.place, "title": lesson.title, "summary": lesson.summary}
        for lesson in course().values()
    ]


def outcome_part(outcome: LessonOutcome, prediction: float | str | None) -> dict[str, Any]:
    """Return the prediction and the outcome, the lesson's figures, the explanation, the journal, and the run itself."""
    lesson, question = outcome.lesson, outcome.lesson.question
    return {
        "you": None if prediction is None else prediction_text(question, prediction),
        "right": None if prediction is None else question.is_right(prediction, outcome.value),
        "value": value_text(question, outcome.value),
        "knob": None if outcome.knob is None else Knob.value_text(outcome.knob),
        "figures": [
            {
                "label": shown.label,
                "text": figure_text(outcome.figures[shown.figure], shown.unit),
                "asked": shown.figure == question.figure,
            }
            for shown in lesson.shows
        ],
        "explanation": _markdown().render(outcome.explanation if outcome.knob is None else lesson.knob.says),
        "journal": [{"service": service, **part.model_dump()} for service, part in outcome.journal()],
        "decisions": sum(len(part.decisions) for part in outcome.report.services),
        "events": [event.model_dump() for event in outcome.event_log()],
        **page_document(outcome.report, outcome.record),
    }
