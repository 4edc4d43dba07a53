"""`simulator lesson`: a question about autoscaling, a prediction, a run with the answer, and a parameter to change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from simulator.cli.console_port import DEFAULT_PORT as CONSOLE_PORT
from simulator.cli.exit_codes import bad_input, run_broke
from simulator.cli.outputs import written
from simulator.cli.printing import echo
from simulator.cli.terminal import Terminal
from simulator.console.lessons.text import (
    print_course,
    print_explanation,
    print_knob,
    print_outcome,
    print_task,
    print_trial,
)
from simulator.lessons.course import course
from simulator.lessons.lesson import Lesson, Question
from simulator.lessons.play import LessonOutcome, play_lesson
from simulator.model.text.problems import one_of
from simulator.replay.runner import BrokenRun
from simulator.scenario.problems import ScenarioError


def lesson_verb(
    name: str = typer.Argument("", metavar="[NAME]", help="A lesson; without one, all are listed."),
    predict: str | None = typer.Option(
        None,
        metavar="X",
        help="Your prediction, instead of a prompt: a number such as 20, 350ms, 12 %, or a letter.",
    ),
    knob: str | None = typer.Option(
        None, "--try", metavar="VALUE", help="A value for the lesson's knob, instead of a prompt."
    ),
    scenario: Path | None = typer.Option(
        None, metavar="F.yaml", help="Write the lesson's scenario to F.yaml, to go on with `simulator run`, and end."
    ),
    with_console: bool = typer.Option(False, "--console", help="Show the lessons in a browser, on this machine."),
    console_port: int = typer.Option(
        CONSOLE_PORT, min=0, max=65535, help="Port of the console on 127.0.0.1; 0 is any free one."
    ),
) -> None:
    """Learn why an autoscaler acts as it does: predict, run, compare, change one thing, try again."""
    console = Terminal()
    if with_console:
        for option, given in (("predict", predict), ("try", knob), ("scenario", scenario)):
            if given is not None:
                bad_input(f"{option} = given, must be left out with --console: the page asks for it")
        from simulator.cli.lessons.lesson_console import serve_lessons  # noqa: PLC0415 a web server

        serve_lessons(console_port, _lesson(name).name if name else "")
        return
    if not name:
        print_course(course().values(), console)
        return
    lesson = _lesson(name)
    if scenario is not None:
        _write(lesson, scenario)
        return
    # No prompt if the options answer all questions.
    asks = predict is None and knob is None
    prediction = None if predict is None else _prediction(lesson.question, predict)
    value = None if knob is None else _knob_value(lesson, knob)
    print_task(lesson, console)
    if asks:
        prediction = _ask(lesson.question)
    first = _played(lesson, None, console)
    print_outcome(prediction, first, console)
    print_explanation(first, console)
    print_knob(lesson.knob, console)
    if value is not None:
        print_trial(first, _played(lesson, value, console), console)
    elif asks:
        _try_again(first, console)


def _lesson(name: str) -> Lesson:
    lessons = course()
    if name not in lessons:
        bad_input(f"lesson = {name!r}, must be {one_of(name, lessons)}")
    return lessons[name]


def _write(lesson: Lesson, file: Path) -> None:
    with written("--scenario", file) as stream:
        stream.write(lesson.scenario)
    echo(f"simulator run {file}")


def _prediction(question: Question, text: str) -> float | str:
    try:
        return question.read(text)
    except ValueError as error:
        bad_input(str(error))


def _knob_value(lesson: Lesson, text: str) -> Any:
    """Parse and validate the value before any run."""
    try:
        return lesson.read_knob(text)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))


def _ask(question: Question) -> float | str:
    """Ask until the answer is valid."""
    while True:
        answer = _line("Your prediction")
        if answer is None:
            bad_input("prediction = nothing, must be typed, or given with --predict")
        try:
            return question.read(answer)
        except ValueError as error:
            echo(str(error))


def _try_again(first: LessonOutcome, console: Console) -> None:
    """Repeat with other values until the learner enters an empty line."""
    while answer := _line("A value (Enter ends the lesson)"):
        try:
            value = first.lesson.read_knob(answer)
            trial = _played(first.lesson, value, console)
        except (ScenarioError, ValueError) as error:
            echo(str(error))
            continue
        print_trial(first, trial, console)


def _line(prompt: str) -> str | None:
    """Read a line; None at the end of the input."""
    typer.echo(f"{prompt}: ", nl=False)
    line = typer.get_text_stream("stdin").readline()
    return line.strip() if line else None


def _played(lesson: Lesson, knob: Any, console: Console) -> LessonOutcome:
    try:
        with console.status("playing in virtual time"):
            return play_lesson(lesson, knob)
    except BrokenRun as error:
        run_broke(error)
