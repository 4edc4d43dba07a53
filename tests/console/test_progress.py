from __future__ import annotations

import io

import pytest
from rich.console import Console

from simulator.console.progress import LIVE_EVERY_S, PLAIN_EVERY_S, Progress, _plain_line, left_text
from simulator.replay.progress import ProgressView, SilentWatcher

VIEW = ProgressView(
    now_s=75.0,
    duration_s=300.0,
    offered_rps=123.4,
    served_rps=120.0,
    failed_rps=0.5,
    in_flight=12,
    waiting=3,
    active=2,
    provisioned=4,
    desired=5,
    p50_s=0.0823,
    p99_s=None,
)


@pytest.mark.case("L76")
def test_requests_from_outside_are_counted_apart_in_the_line() -> None:
    assert "outside" not in _plain_line(VIEW)
    line = _plain_line(VIEW._replace(outside_rps=885.0))
    assert "in flight 12 and 3 waiting; from outside 885/s; instances" in line


class Wall:
    """A wall clock that the test sets."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_log_gets_a_progress_line_at_intervals() -> None:
    wall, file = Wall(), io.StringIO()
    with Progress(Console(file=file, width=80), "run", wall) as progress:
        for _ in range(100):
            wall.now_s += 0.25
            if progress.due():
                progress.update(VIEW)
    assert len(file.getvalue().splitlines()) == 25 / PLAIN_EVERY_S


@pytest.mark.case("X8h")
def test_a_plain_line_has_every_figure_and_no_control_characters() -> None:
    wall, file = Wall(), io.StringIO()
    with Progress(Console(file=file, width=40), "run", wall) as progress:
        progress.update(VIEW)
    assert file.getvalue() == (
        "1m15s (25 %): offered 123/s, served 120/s, errors 0.500/s, in flight 12 and 3 waiting; "
        "instances 2 active of 4 provisioned, desired 5; p50 82.3 ms, p99 -\n"
    )


@pytest.mark.case("L70", "L74")
@pytest.mark.parametrize(
    ("elapsed_s", "share", "text"),
    [(10.0, 0.25, "30 s left"), (600.0, 0.9, "1m07s left"), (1.0, 0.25, ""), (10.0, 0.0, ""), (10.0, 1.0, "")],
)
def test_the_time_left_is_estimated_from_the_time_passed(elapsed_s: float, share: float, text: str) -> None:
    assert left_text(elapsed_s, share) == text


@pytest.mark.case("L70", "L74")
@pytest.mark.parametrize("terminal", [True, False])
def test_a_long_run_shows_the_time_left(terminal: bool) -> None:
    wall, file = Wall(), io.StringIO()
    console = Console(file=file, width=80, force_terminal=terminal)
    with Progress(console, "run", wall) as progress:
        wall.now_s += 20.0
        progress.update(VIEW)  # a quarter of the run
    assert "1m00s left" in file.getvalue()


def test_a_run_that_is_over_at_once_writes_no_progress_lines() -> None:
    wall, file = Wall(), io.StringIO()
    with Progress(Console(file=file), "run", wall) as progress:
        assert not progress.due()
    assert file.getvalue() == ""


def test_a_terminal_is_redrawn_a_few_times_a_second() -> None:
    wall = Wall()
    with Progress(Console(file=io.StringIO(), force_terminal=True, width=80), "run", wall) as progress:
        assert progress.due()
        progress.update(VIEW)
        assert not progress.due()
        wall.now_s += LIVE_EVERY_S
        assert progress.due()


def test_the_terminal_is_restored_when_the_run_fails() -> None:
    file = io.StringIO()

    def play() -> None:
        with Progress(Console(file=file, force_terminal=True, width=80), "run", Wall()) as progress:
            progress.update(VIEW)
            message = "an internal error stopped the run"
            raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="an internal error stopped the run"):
        play()
    hidden, shown_again = "\x1b[?25l", "\x1b[?25h"
    assert file.getvalue().rindex(shown_again) > file.getvalue().rindex(hidden)


def test_without_output_progress_is_never_due() -> None:
    assert not SilentWatcher().due()
