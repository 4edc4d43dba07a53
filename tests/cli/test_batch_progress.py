"""How far a comparison or a sweep is, where there is no terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from simulator.cli.batch_progress import LINE_EVERY_S, BatchProgress


class Wall:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.case("L70", "L74")
def test_a_log_gets_a_line_now_and_then_with_the_time_left() -> None:
    wall, file = Wall(), io.StringIO()
    with BatchProgress(Console(file=file, width=40), "runs", 120, wall) as progress:
        for _ in range(20):
            progress.advance(before=True)  # played by an earlier start: they took no time of this one
        for _ in range(40):
            wall.now_s += 1.0
            progress.advance("knative, seed 3")

    lines = file.getvalue().splitlines()
    assert len(lines) == 40 // LINE_EVERY_S
    assert lines[1] == "runs: 50 of 120 runs, 1m10s left"  # 30 in 30 s, and 70 to come


def test_a_batch_that_is_over_at_once_says_nothing() -> None:
    file = io.StringIO()
    with BatchProgress(Console(file=file), "runs", 2, Wall()) as progress:
        progress.advance()
        progress.advance()
    assert file.getvalue() == ""
