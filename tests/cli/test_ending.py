"""The end of the program: every exception becomes a line and an exit code."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Never

import click
import pytest
import typer

from simulator.cli.ending import ended
from simulator.cli.exit_codes import BAD_INPUT, BROKE, INTERRUPTED, OK


def raising(error: BaseException) -> Callable[[], Never]:
    def verb() -> Never:
        raise error

    return verb


@pytest.mark.parametrize(("result", "code"), [(None, OK), (0, OK), (1, 1), ("text", OK)])
def test_a_verb_that_returns_has_its_code(result: object, code: int) -> None:
    assert ended(lambda: result) == code


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), INTERRUPTED, "interrupted"),
        (typer.Abort(), INTERRUPTED, ""),
        (ZeroDivisionError("by zero"), BROKE, "the simulator failed: "),
        (OSError(28, "No space left on device"), BROKE, "No space left on device"),
        (click.UsageError("no such option"), BAD_INPUT, "no such option"),
    ],
)
def test_an_exception_is_one_message_and_its_code(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(raising(error)) == code
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown


def test_a_termination_is_an_interrupt_and_the_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert ended(lambda: signal.raise_signal(signal.SIGTERM)) == INTERRUPTED
    assert signal.getsignal(signal.SIGTERM) == before
