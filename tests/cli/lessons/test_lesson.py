"""`simulator lesson`: with prompts, with options, and with invalid names and values."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from simulator.cli import app
from simulator.lessons.course import course

RUN = CliRunner()


def test_without_a_name_every_lesson_is_listed() -> None:
    shown = RUN.invoke(app, ["lesson"])
    assert shown.exit_code == 0
    assert all(name in shown.stdout for name in course())


def test_a_learner_predicts_sees_the_outcome_and_tries_again_until_an_empty_line() -> None:
    shown = RUN.invoke(app, ["lesson", "littles-law"], input="many\n20\nbanana\n1s\n\n")
    assert shown.exit_code == 0, shown.output
    assert "must be a number, such as 12" in shown.output
    assert "you said  20  right" in shown.output
    assert "outcome   20.1" in shown.output
    assert "services.web.application.simulated.io = banana" in shown.output
    assert "with 1s" in shown.output


def test_with_a_prediction_option_there_is_no_prompt() -> None:
    shown = RUN.invoke(app, ["lesson", "littles-law", "--predict", "5", "--try", "1s"])
    assert shown.exit_code == 0, shown.output
    assert "you said  5  not quite" in shown.output
    assert "with 1s" in shown.output
    assert "Your prediction" not in shown.output


def test_end_of_input_is_not_a_prediction() -> None:
    shown = RUN.invoke(app, ["lesson", "littles-law"], input="")
    assert shown.exit_code == 2
    assert "must be typed, or given with --predict" in shown.output


def test_bad_names_and_values_end_before_anything_is_played() -> None:
    for arguments, told in (
        (["littles-lore"], "did you mean `littles-law`?"),
        (["littles-law", "--predict", "x"], "prediction = 'x', must be a number"),
        (["max-concurrency", "--predict", "z"], "must be one of a, b, c"),
        (["max-concurrency", "--try", "0"], "max_concurrency = 0, must be"),
        (["littles-lore", "--console"], "did you mean `littles-law`?"),
        (["littles-law", "--console", "--predict", "20"], "predict = given, must be left out with --console"),
    ):
        shown = RUN.invoke(app, ["lesson", *arguments])
        assert shown.exit_code == 2, shown.output
        assert told in shown.output


def test_a_lessons_scenario_can_be_written_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    assert RUN.invoke(app, ["lesson", "overflow", "--scenario", str(file)]).exit_code == 0
    assert RUN.invoke(app, ["run", str(file), "--quiet"]).exit_code == 0
