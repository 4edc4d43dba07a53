"""A lesson on a terminal: text, question, prediction and outcome, curves, decisions with reasons, explanation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console
from rich.markdown import Markdown
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from simulator.console.sparkline import BLOCKS, PLAIN, sparkline
from simulator.lessons.lesson import Knob, Lesson, Question, Unit
from simulator.lessons.play import LessonOutcome
from simulator.model.text.quantities import quantity_text, rate_text, time_text
from simulator.report.schema import ServicePart

_WIDTH_MAX: Final = 100
_LABEL: Final = 12


def print_course(lessons: Iterable[Lesson], console: Console) -> None:
    """Print every lesson with its subject."""
    table = Table(box=None, pad_edge=False, header_style="bold dim")
    for heading in ("", "lesson", "question"):
        table.add_column(heading)
    for lesson in lessons:
        table.add_row(str(lesson.place), Text(lesson.name, style="bold"), lesson.summary)
    console.print(table)
    console.print("\nsimulator lesson NAME, or simulator lesson --console for a browser", style="dim")


def print_task(lesson: Lesson, console: Console) -> None:
    """Print the text and the question, which precede the prediction."""
    width = min(console.width, _WIDTH_MAX)
    console.print(Rule(Text(f"{lesson.place}. {lesson.title}", style="bold"), align="left", style="dim"), width=width)
    console.print(Markdown(lesson.text), width=width)
    console.print()
    console.print(Text(lesson.question.ask, style="bold"), width=width)
    for choice in lesson.question.choices:
        console.print(Text.assemble(("  " + choice.key, "bold cyan"), "  ", choice.text), width=width)


def print_outcome(prediction: float | str | None, outcome: LessonOutcome, console: Console) -> None:
    """Print prediction and outcome, the curves of the run, and the journal."""
    question = outcome.lesson.question
    console.print()
    if prediction is not None:
        right = question.is_right(prediction, outcome.value)
        verdict = Text("right", style="bold green") if right else Text("not quite", style="bold yellow")
        console.print(Text.assemble("you said  ", (prediction_text(question, prediction), "bold"), "  ", verdict))
    console.print(Text.assemble("outcome   ", (value_text(question, outcome.value), "bold")))
    console.print(_figures((outcome,)))
    for service in outcome.report.services:
        _curves(service, console, several=len(outcome.report.services) > 1)
    _journal(outcome, console)
    _events(outcome, console)


def print_explanation(outcome: LessonOutcome, console: Console) -> None:
    """Print the explanation of the outcome."""
    console.print()
    console.print(Markdown(outcome.explanation), width=min(console.width, _WIDTH_MAX))


def print_knob(knob: Knob, console: Console) -> None:
    """Print the parameter that the learner may change."""
    console.print()
    console.print(Text.assemble(("Try again.  ", "bold"), knob.ask), width=min(console.width, _WIDTH_MAX))
    worth = "   ".join(map(Knob.value_text, knob.tries))
    console.print(Text(f"{knob.place}: try {worth}", style="dim"))


def print_trial(first: LessonOutcome, trial: LessonOutcome, console: Console) -> None:
    """Print the run with the changed parameter next to the first one."""
    console.print()
    console.print(_figures((first, trial)))
    for service in trial.report.services:
        _curves(service, console, several=len(trial.report.services) > 1)
    _journal(trial, console)
    _events(trial, console)
    console.print()
    console.print(Markdown(trial.lesson.knob.says), width=min(console.width, _WIDTH_MAX))


def prediction_text(question: Question, prediction: float | str) -> str:
    """Format the prediction in the unit of the question."""
    if isinstance(prediction, str):
        return next(choice.text for choice in question.choices if choice.key == prediction)
    return figure_text(prediction, question.unit)


def value_text(question: Question, value: float) -> str:
    """Format the outcome, with the choice that it makes correct."""
    text = figure_text(value, question.unit)
    return (
        f"{text}: {question.right_choice(value).key}, {question.right_choice(value).text}" if question.choices else text
    )


def figure_text(value: float, unit: Unit) -> str:
    """Format a figure of a lesson."""
    return quantity_text(round(value, 2) if unit == "count" else value, unit)


def _figures(outcomes: tuple[LessonOutcome, ...]) -> Table:
    """Return a table with a row for each figure of the lesson and a column for each run."""
    lesson = outcomes[0].lesson
    table = Table(box=None, pad_edge=False, header_style="bold dim")
    table.add_column("")
    for outcome in outcomes:
        heading = "before" if len(outcomes) > 1 else ""
        table.add_column(heading if outcome.knob is None else _knob_text(outcome.knob), justify="right")
    for shown in lesson.shows:
        asked = shown.figure == lesson.question.figure
        cells = [figure_text(outcome.figures[shown.figure], shown.unit) for outcome in outcomes]
        table.add_row(shown.label, *cells, style="bold" if asked else "")
    return table


def _knob_text(value: Any) -> str:
    return f"with {Knob.value_text(value)}"


def _curves(service: ServicePart, console: Console, *, several: bool) -> None:
    levels = PLAIN if console.options.ascii_only else BLOCKS
    width = min(console.width, _WIDTH_MAX) - _LABEL - 16
    series = service.series
    if several:
        console.print(Text(service.name, style="bold"))
    lost = [rejected + failed for rejected, failed in zip(series.rejected, series.failed, strict=True)]
    rates = [offered / series.width_s for offered in series.offered]
    rows: list[tuple[str, list[float], str, str]] = [
        ("offered", rates, f"max {rate_text(max(rates, default=0))}", "cyan"),
        ("errors", [count / series.width_s for count in lost], "429 and 5xx", "red"),
        ("ready", series.ready, f"max {service.instances.ready_max}", "green"),
    ]
    for label, values, note, style in rows:
        highest = max(max(rates, default=0), 1e-9) if label != "ready" else max(service.instances.ready_max, 1)
        if any(values):
            line = sparkline(values, width, highest, levels)
            console.print(Text.assemble(f"{label:<{_LABEL}}", (line, style), f" {note}"))


def _journal(outcome: LessonOutcome, console: Console) -> None:
    entries = outcome.journal()
    if not entries:
        return
    several = len(outcome.report.services) > 1
    table = Table(box=None, pad_edge=False, header_style="bold dim")
    for heading in ("at", "desired", "ready after", "why"):
        table.add_column(heading, overflow="fold", no_wrap=heading != "why")
    for service, decision in entries:
        after = "" if decision.ready_after_s is None else time_text(round(decision.ready_after_s, 1))
        why = f"{decision.formula}; {decision.reason}"
        table.add_row(
            time_text(round(decision.at_s, 1)),
            f"{decision.before} > {decision.desired}",
            after if decision.desired > decision.before else "",
            f"{service}: {why}" if several else why,
        )
    console.print()
    console.print(table, width=min(console.width, _WIDTH_MAX))
    total = sum(len(part.decisions) for part in outcome.report.services)
    if total > len(entries):
        console.print(Text(f"and {total - len(entries)} more decisions", style="dim"))


def _events(outcome: LessonOutcome, console: Console) -> None:
    lines = outcome.event_log()
    if not lines:
        return
    table = Table(box=None, pad_edge=False, header_style="bold dim")
    for heading in ("at", "event log"):
        table.add_column(heading, overflow="fold")
    for event in lines:
        table.add_row(time_text(round(event.at_s, 1)), Text(event.line))
    console.print()
    console.print(table, width=min(console.width, _WIDTH_MAX))
