"""How the program ends: whatever escapes a verb becomes one line and the right exit code.

A verb tells bad input and its own failures itself (exits.py). What nobody foresaw, and what the machine does at any
moment (a full disk, an interrupt, a reader that is gone), is told here, the same for every verb.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Never

import typer
from typer import rich_utils

from simulator.cli.exits import BROKE, INTERRUPTED, OK, details_of, flushed, told
from simulator.cli.printing import echo


def ended(verb: Callable[[], Any]) -> int:
    """The exit code of `verb`, a command outside click's standalone mode, whose result is a code or nothing."""
    try:
        with _terminated():
            code = _code(verb)
    except KeyboardInterrupt:
        code = INTERRUPTED
        echo("interrupted", err=True)
    return flushed(code)


def _code(verb: Callable[[], Any]) -> int:
    try:
        result = verb()
    except typer.Abort:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 the last place that can tell it
        if hasattr(error, "format_message"):  # click's own: a word that is no option, a value of the wrong kind
            rich_utils.rich_format_error(error)  # type: ignore[arg-type]
            return int(getattr(error, "exit_code", BROKE))
        echo(f"the simulator failed: {told(error)}{details_of(error)}", err=True)
        return BROKE
    return result if isinstance(result, int) else OK


@contextlib.contextmanager
def _terminated() -> Iterator[None]:
    """SIGTERM is an interrupt until a loop of its own hears it: files that were begun are cleared away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> Never:
    raise KeyboardInterrupt
