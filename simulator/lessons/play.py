"""Plays a lesson's scenario in virtual time: seconds, and the same outcome each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.lessons.lesson import Lesson
from simulator.lessons.lesson_figures import figures
from simulator.replay.report import RunRecord, build_report
from simulator.replay.report_decisions import DecisionPart
from simulator.replay.report_schema import EventPart, Report
from simulator.replay.runner import Run, play


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out: the report and what it was built from, its figures, and the figure that was asked for."""

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
        """The lesson's own, with the run's figures in it."""
        return self.lesson.explain.format_map(self.figures)

    def journal(self) -> list[tuple[str, DecisionPart]]:
        """The first decisions of the run, with the service of each, in order of time."""
        all_of_them = [(part.name, decision) for part in self.report.services for decision in part.decisions]
        return sorted(all_of_them, key=lambda pair: pair[1].at_s)[: self.lesson.decisions]

    def event_log(self) -> list[EventPart]:
        """The first lines of the event log after the begin of the run, in order of time."""
        lines = [event for part in self.report.services for event in part.events if event.at_s > 0]
        return sorted(lines, key=lambda event: event.at_s)[: self.lesson.events]


def play_lesson(lesson: Lesson, knob: Any = None, attach: Callable[[Run], None] | None = None) -> Outcome:
    """Play it, with the knob as the scenario has it or at a value. May be called from any thread.

    `attach` is given the run before it begins, for whoever watches it.

    Raises:
        ScenarioError: when the knob's value does not fit.
        BrokenRun: when the run itself broke.
        InterruptedRun: when who was attached ended it before it began.
    """
    run = Run(lesson.read_scenario(knob))
    if attach is not None:
        attach(run)
    record = play(run, signals=False)
    report = build_report(record)
    return Outcome(lesson, knob, record, report, figures(report))
