"""Exit codes, as load-testing tools have them, and the reports of bad input and failures.

0: success and every check passes. 1: a check, a comparison or a validation failed, and nothing else. 2: bad input.
3: the simulator itself failed, or the machine did, such as a full disk. 130: interrupted.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import tempfile
import traceback
from typing import TYPE_CHECKING, Final, NoReturn

import typer

if TYPE_CHECKING:
    from simulator.replay.runner import BrokenRun

OK: Final = 0
CHECK_FAILED: Final = 1
BAD_INPUT: Final = 2
BROKE: Final = 3
INTERRUPTED: Final = 130  # 128 + SIGINT
PIPE_CLOSED: Final = 141  # 128 + SIGPIPE, as for programs that the signal ends

# Failures of the machine, which no change of the user's input could avoid.
_OF_THE_MACHINE: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)
# If set to any value, the traceback of a failure is printed instead of written to a file.
DEBUG_VARIABLE: Final = "SIMULATOR_DEBUG"


def tell_error(message: str, hint: str = "") -> None:
    from simulator.cli import error_lines  # noqa: PLC0415 only for an error

    error_lines.tell_error(message, hint)


def bad_input(message: str, hint: str = "") -> NoReturn:
    """End the command with the error, and with the way out, if there is one that the message does not name."""
    tell_error(message, hint)
    raise typer.Exit(BAD_INPUT)


def hint_of(error: BaseException) -> str:
    """Return what the error says to do about it, beside its message; empty for most."""
    return str(getattr(error, "hint", ""))


def broke(message: str, hint: str = "") -> NoReturn:
    tell_error(message, hint)
    raise typer.Exit(BROKE)


def run_broke(error: BrokenRun) -> NoReturn:
    """End a verb whose run an internal error stopped. Adds the source location if the message is not enough."""
    details = "" if error.expected else details_of(error.__cause__ or error)
    broke(f"an internal error stopped the run: {error}{details}")


def cannot(error: BaseException, message: str = "") -> NoReturn:
    """End the command that could not open, read or write its file; the message is the error's by default.

    It is bad input, unless the machine failed.
    """
    (broke if is_of_the_machine(error) else bad_input)(message or str(error))


def is_of_the_machine(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in _OF_THE_MACHINE


def details_of(error: BaseException) -> str:
    """Return the end of the line that reports the failure: where to find its traceback.

    Empty if the machine failed, because then no code needs a correction.
    """
    if is_of_the_machine(error):
        return ""
    trace = "".join(traceback.format_exception(error))
    if os.environ.get(DEBUG_VARIABLE):  # noqa: TID251 cli is the reader of the environment
        return f"\n{trace.rstrip()}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="simulator-failure-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(f"simulator {' '.join(sys.argv[1:])}\n{trace}")
    except OSError:
        return f"\n{trace.rstrip()}"
    return f" (details in {file.name})"


def error_text(error: BaseException) -> str:
    """Format an error in one line; an unexpected one with its type."""
    if isinstance(error, OSError):
        return str(error)
    return f"{type(error).__name__}: {error}".strip().removesuffix(":")


def flushed(code: int) -> int:
    """Flush standard output. Return `code`, or another one if the output fails: a full disk, or a closed pipe."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        return PIPE_CLOSED
    except OSError as error:
        _silence_stdout()
        tell_error(f"standard output cannot be written: {error.strerror}")
        return BROKE
    return code


def _silence_stdout() -> None:
    """Replace standard output, because Python flushes it once more at exit and would report the error again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
