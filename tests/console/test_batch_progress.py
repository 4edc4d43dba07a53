"""The progress of a comparison or a sweep, if the output is not a terminal."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from simulator.console.batch_progress import LINE_EVERY_S, BatchProgress


class Wall:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.case("L70", "L74")
def test_a_log_gets_a_progress_line_at_intervals_with_the_time_left() -> None:
    wall, file = Wall(), io.StringIO()
    with BatchProgress(Console(file=file, width=40), "runs", 120, wall) as progress:
        for _ in range(20):
            progress.advance(before=True)  # played by an earlier start, so they took no time of this one
        for _ in range(40):
            wall.now_s += 1.0
            progress.advance("knative, seed 3")

    lines = file.getvalue().splitlines()
    assert len(lines) == 40 // LINE_EVERY_S
    assert lines[1] == "runs: 50 of 120 runs, 1m10s left"  # one each second, and 70 remain


def test_a_first_run_that_takes_long_is_no_measure_of_the_others() -> None:
    wall, file = Wall(), io.StringIO()
    with BatchProgress(Console(file=file, width=40), "capacity", 400, wall) as progress:
        wall.now_s += 60.0  # it compiles a kernel
        progress.advance()
        for _ in range(120):
            wall.now_s += 0.125
            progress.advance()

    first, second = file.getvalue().splitlines()
    assert first == "capacity: 1 of 400 runs"
    assert second == "capacity: 121 of 400 runs, 34.9 s left"


@pytest.mark.case("X13c")
def test_the_bar_has_the_name_of_the_first_run_and_a_count_before_that_has_ended() -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, force_interactive=True)

    def shown() -> str:
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue()).rpartition("\r")[2]
        file.seek(0)
        file.truncate()
        return text

    with BatchProgress(console, "runs", 120, Wall(), first="own, seed 3") as progress:
        text = shown()
        assert text.startswith("own, seed 3 ")
        assert "0/120" in text
        progress.advance("knative, seed 3")
        progress.refresh()
        text = shown()
        assert text.startswith("knative, seed 3 ")
        assert "1/120" in text


def test_a_short_batch_prints_no_progress() -> None:
    file = io.StringIO()
    with BatchProgress(Console(file=file), "runs", 2, Wall()) as progress:
        progress.advance()
        progress.advance()
    assert file.getvalue() == ""


def test_lines_are_printed_as_they_are_among_those_of_the_progress() -> None:
    file = io.StringIO()
    with BatchProgress(Console(file=file, width=20), "runs", 2, Wall()) as progress:
        progress.advance("[red]")
        progress.print(["[red] has a line that is longer than the terminal is wide", "second"])
    assert file.getvalue() == "[red] has a line that is longer than the terminal is wide\nsecond\n"
