"""Runs the scenario of a lesson in virtual time, which takes seconds and always has the same outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.lessons.lesson import Lesson
from simulator.lessons.lesson_figures import figures
from simulator.replay.runner import Run, play
from simulator.report.decisions import DecisionPart
from simulator.report.report import RunRecord, build_report
from simulator.report.schema import EventPart, Report


@dataclass(frozen=True, slots=True)
class LessonOutcome:
    """The outcome of a lesson: the report and its source data, its figures, and the figure of the question."""

    lesson: Lesson
    knob: Any
    record: RunRecord
    report: Report
    figures: dict[str, float]

    @property
    def value(self) -> float:
        return self.figures[self.lesson.question.figure]

    @property
    def explanation(self) -> str:
        """The lesson's explanation, with the figures of the run filled in."""
        return self.lesson.explain.format_map(self.figures)

    def journal(self) -> list[tuple[str, DecisionPart]]:
        """Return the first decisions of the run, with the service of each, in time order."""
        all_of_them = [(part.name, decision) for part in self.report.services for decision in part.decisions]
        return sorted(all_of_them, key=lambda pair: pair[1].at_s)[: self.lesson.decisions]

    def event_log(self) -> list[EventPart]:
        """Return the first lines of the event log after the beginning of the run, in time order."""
        lines = [event for part in self.report.services for event in part.events if event.at_s > 0]
        return sorted(lines, key=lambda event: event.at_s)[: self.lesson.events]


def play_lesson(lesson: Lesson, knob: Any = None, attach: Callable[[Run], None] | None = None) -> LessonOutcome:
    """Run the lesson's scenario, optionally with its parameter set to a value. May be called from any thread.

    `attach` receives the run before it begins, to observe it.

    Raises:
        ScenarioError: if the parameter cannot have the value.
        BrokenRun: if an internal error stopped the run.
        InterruptedRun: if an attached observer ended it before it began.
    """
    run = Run(lesson.read_scenario(knob))
    if attach is not None:
        attach(run)
    record = play(run, signals=False)
    report = build_report(record)
    return LessonOutcome(lesson, knob, record, report, figures(report))
