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
from typing import Any, Final, Never

import typer
from typer import rich_utils

from simulator.cli.exits import BROKE, INTERRUPTED, OK, details_of, flushed, told
from simulator.cli.printing import echo
from simulator.model.renamed import RENAMED
from simulator.world.insistence import Insistence

# For what a verb clears away; then it is interrupted once more, for the first time may have been lost.
PATIENCE_S: Final = 1.5


def ended(verb: Callable[[], Any]) -> int:
    """The exit code of `verb`, a command outside click's standalone mode, whose result is a code or nothing."""
    try:
        with _terminated():
            code = _code(verb)
    except KeyboardInterrupt:
        code = INTERRUPTED
        echo("interrupted", err=True)
    if code == INTERRUPTED:
        exec("")  # noqa: S102 CPython remembers an interrupt within another `exec`, and would end by the signal
    return flushed(code)


def _code(verb: Callable[[], Any]) -> int:
    try:
        result = verb()
    except typer.Abort:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 the last place that can tell it
        if hasattr(error, "format_message"):  # click's own: a word that is no option, a value of the wrong kind
            _say_new_name(error)
            rich_utils.rich_format_error(error)  # type: ignore[arg-type]
            return int(getattr(error, "exit_code", BROKE))
        echo(f"the simulator failed: {told(error)}{details_of(error)}", err=True)
        return BROKE
    return result if isinstance(result, int) else OK


def _say_new_name(error: Any) -> None:
    """An option that was renamed: in place of what resembles it."""
    if new := RENAMED.get(getattr(error, "option_name", "")):
        error.message, error.possibilities = f"No such option: {error.option_name}; it is now {new}", None


@contextlib.contextmanager
def _terminated() -> Iterator[None]:
    """SIGINT and SIGTERM are interrupts until a loop of the verb's hears them: files that were begun are cleared away.

    A handler of our own for SIGINT too: where Python's stands, asyncio puts one that waits for the loop's turn.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    insistence = Insistence(PATIENCE_S)

    def interrupt(_number: int, _frame: FrameType | None) -> Never:
        insistence.start()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        insistence.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
