"""The end of the program: every exception that leaves a verb becomes one line and an exit code.

A verb reports bad input and its own failures itself (exit_codes.py). Unexpected errors and failures of the machine (a
full disk, an interrupt, a closed pipe) are reported here, in the same way for every verb.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Final, Never

import typer

from simulator.cli.exit_codes import BAD_INPUT, BROKE, INTERRUPTED, OK, details_of, error_text, flushed, tell_error
from simulator.cli.printing import echo
from simulator.world.repeated_interrupt import RepeatedInterrupt

# Seconds for a verb's cleanup. Afterwards it is interrupted a second time, because the first interrupt may have been
# lost.
PATIENCE_S: Final = 1.5


def ended(verb: Callable[[], Any]) -> int:
    """Run `verb` and return its exit code.

    `verb` is a command in click's non-standalone mode, which returns an exit code or None.
    """
    try:
        with _terminated():
            code = _code(verb)
    except KeyboardInterrupt:
        code = INTERRUPTED
        echo("interrupted", err=True)
    if code == INTERRUPTED:
        exec("")  # noqa: S102 resets an interrupt that CPython remembers; it would exit by the signal
    return flushed(code)


def _code(verb: Callable[[], Any]) -> int:
    try:
        result = verb()
    except typer.Abort:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 the last place that can report it
        if hasattr(error, "format_message"):  # click's own errors: an unknown option, a value of the wrong type
            from simulator.cli.error_lines import tell_usage_error  # noqa: PLC0415 only for an error

            tell_usage_error(error)
            return int(getattr(error, "exit_code", BROKE))
        if isinstance(error, ImportError):
            from simulator.model.extras import explain_missing  # noqa: PLC0415 only where a library is missing

            if (missing := explain_missing(error)) is not None:
                tell_error(missing)
                return BAD_INPUT
        tell_error(f"the simulator failed: {error_text(error)}{details_of(error)}")
        return BROKE
    return result if isinstance(result, int) else OK


@contextlib.contextmanager
def _terminated() -> Iterator[None]:
    """Convert SIGINT and SIGTERM to interrupts until the event loop of the verb handles them.

    So partial files are removed. SIGINT needs a handler too: asyncio replaces Python's default handler by one that
    waits until the loop runs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    insistence = RepeatedInterrupt(PATIENCE_S)

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
