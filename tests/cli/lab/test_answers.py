"""Answers on a terminal and in the summary of a step."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from simulator.cli.lab.answers import print_answer
from simulator.cli.outputs import summarize_step
from simulator.lab.answer.alternatives import SCORE
from simulator.lab.answer.answer import answer_of
from tests.lab.answer.made import made, traffic

ANSWER = answer_of([made(name, traffic("terminal"), cost) for name, cost in (("a", 1.0), ("b", 2.0))], "a", SCORE)


@pytest.mark.parametrize(("is_terminal", "longest"), [(True, 80), (False, 400)])
def test_a_terminal_wraps_sentences_and_a_file_does_not(is_terminal: bool, longest: int) -> None:
    out = io.StringIO()
    print_answer("case", ANSWER, Console(file=out, width=80, force_terminal=is_terminal, color_system=None))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= longest
    assert lines[0].rstrip() == "case: a has the lowest score."
    assert (len(lines) == 1 + len(ANSWER.sentences)) is not is_terminal


def test_a_summary_that_cannot_be_written_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    summarize_step("### text")
    assert f"note: the summary of the step, {tmp_path}, cannot be written" in capsys.readouterr().err
