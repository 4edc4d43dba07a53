"""The shipped lessons, in the order of the course."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from simulator.lessons.lesson import Lesson
from simulator.scenario.document import parse_document


@cache
def course() -> dict[str, Lesson]:
    """Read all lessons, by name.

    Raises:
        ScenarioError, pydantic.ValidationError: if a file is invalid; the tests read every file.
    """
    folder = files("simulator.lessons") / "files"
    lessons = [
        Lesson.model_validate(parse_document(file.read_text(encoding="utf-8"), file.name).data)
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    ]
    return {lesson.name: lesson for lesson in sorted(lessons, key=lambda lesson: lesson.place)}
