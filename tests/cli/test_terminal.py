"""The console of the verbs shows texts unchanged, without markup and without control characters."""

from __future__ import annotations

import io

import pytest

from simulator.cli.terminal import Terminal


def printed(text: str, *, is_terminal: bool = False) -> str:
    file = io.StringIO()
    Terminal(file=file, width=60, force_terminal=is_terminal).print(text)
    return file.getvalue()


@pytest.mark.parametrize("text", ["[bold]not markup[/bold]", ":smile: 12", "[red", "a\\[b]"])
def test_a_text_is_not_interpreted(text: str) -> None:
    assert printed(text) == f"{text}\n"


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_control_sequence_of_a_text_is_shown_and_not_sent(is_terminal: bool) -> None:
    shown = printed("a\x1b[2Jb\x07", is_terminal=is_terminal)
    assert "\x1b[2J" not in shown
    assert "\x07" not in shown
    assert "2J" in shown


def test_lines_of_a_pipe_have_no_padding() -> None:
    file = io.StringIO()
    Terminal(file=file, width=30).print("short", justify="left", width=30)
    assert file.getvalue() == "short\n"
