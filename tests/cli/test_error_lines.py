"""Errors have the same form in every verb: `error:`, and `hint:` with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.error_lines import error_lines

RUN = CliRunner()


@pytest.mark.case("X8c", "X8d")
@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["run", "flash-sail"], "no scenario named 'flash-sail'", "did you mean `flash-sale`?"),
        (
            ["run", "xyz"],
            "no scenario named 'xyz'",
            "a scenario is a file or a shipped one; `simulator scenarios` lists those",
        ),
        (["rn"], "no such command: rn", "did you mean `run`?"),
        (["policies", "templte"], "no such command 'templte'", "did you mean `template`?"),
        (["run", "first-look", "--sed", "2"], "no such option: --sed", "did you mean `--seed`?"),
        (["run", "first-look", "--gear", "auto"], "no such option: --gear", "it is now `--backend`"),
        (["schema", "repor"], "invalid value for 'kind': 'repor' is not one of", "did you mean `report`?"),
        (["sweep", "first-look"], "missing option '--vary'", "`simulator sweep --help` lists what it takes"),
        (["run", "first-look", "--policy", "app-runer"], "policy = 'app-runer', must be", "did you mean `app-runner`?"),
        (["lesson", "litle-law"], "lesson = 'litle-law', must be one of", "did you mean `littles-law`?"),
        (
            ["run", "first-look", "--https-port", "70000"],
            "invalid value for '--https-port': must be less than or equal to 65535",
            "`simulator run --help` lists what it takes",
        ),
    ],
)
def test_an_error_is_one_line_and_its_hint_another(arguments: list[str], error: str, hint: str) -> None:
    done = RUN.invoke(app, arguments)
    first, last = done.stderr.splitlines()
    assert done.exit_code == 2
    assert done.stdout == ""
    assert first.startswith(f"error: {error}")
    assert last == f"hint: {hint}"


@pytest.mark.case("X8d")
def test_several_problems_of_a_file_are_several_errors_each_with_its_hint(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text("duration: 1s\nservices: {web: {application: {simulated: {}}, min_sze: 3}}\ntrafic: 3\n")
    done = RUN.invoke(app, ["run", str(file)])
    starts = [line.partition(" = ")[0] for line in done.stderr.splitlines()]
    assert starts == [
        f"error: {file}:2:48: services.web.min_sze",
        "hint: did you mean `min_size`?",
        f"error: {file}:3:1: trafic",
        "hint: did you mean `traffic`?",
    ]


@pytest.mark.case("X8e")
def test_a_value_that_is_wrong_by_itself_and_beside_another_is_one_error(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    text = "duration: 1s\nservices: {web: {application: {simulated: {}}, min_size: %s}}\n"
    for value, expected in (("30", "must be at most 25"), ("9, max_size: 3", "must be in order")):
        file.write_text(text % value)
        (line,) = RUN.invoke(app, ["run", str(file)]).stderr.splitlines()
        assert expected in line


def test_continuation_lines_of_a_message_are_unchanged() -> None:
    assert error_lines("the process ended with 1:\nno database") == ["error: the process ended with 1:", "no database"]
