"""Exit codes, like those of load-testing tools, and the reports of bad input and failures.

0: success and every check passes. 1: a check, a comparison or a validation failed, and nothing else. 2: bad input. 3:
the simulator itself failed, or the machine did, such as a full disk. 130: interrupted.
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
PIPE_CLOSED: Final = 141  # 128 + SIGPIPE, as if the signal had ended the program

# Failures of the machine, which no other input could avoid.
_OF_THE_MACHINE: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)
# If this variable is not empty, the traceback of a failure is printed instead of written to a file.
DEBUG_VARIABLE: Final = "SIMULATOR_DEBUG"


def tell_error(message: str, hint: str = "") -> None:
    from simulator.cli import error_lines  # noqa: PLC0415 only for an error

    error_lines.tell_error(message, hint)


def bad_input(message: str, hint: str = "") -> NoReturn:
    """End the command with the error. `hint`: how to correct the input, if the message does not state it."""
    tell_error(message, hint)
    raise typer.Exit(BAD_INPUT)


def hint_of(error: BaseException) -> str:
    """Return the hint of an error, which is printed below its message; empty for most errors."""
    return str(getattr(error, "hint", ""))


def broke(message: str, hint: str = "") -> NoReturn:
    tell_error(message, hint)
    raise typer.Exit(BROKE)


def run_broke(error: BrokenRun) -> NoReturn:
    """End a verb whose run an internal error stopped.

    The error's source location is added if the message is too short.
    """
    details = "" if error.expected else details_of(error.__cause__ or error)
    broke(f"an internal error stopped the run: {error}{details}")


def cannot(error: BaseException, message: str = "") -> NoReturn:
    """End the command that could not open, read or write a file. `message`: the text of the error by default.

    The exit code is that of bad input, or of a failure if the machine caused the error.
    """
    (broke if is_of_the_machine(error) else bad_input)(message or str(error))


def is_of_the_machine(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in _OF_THE_MACHINE


def details_of(error: BaseException) -> str:
    """Return the end of the line that reports a failure: where its traceback is.

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
    """Format an error in one line; an unexpected one with the name of its type."""
    if isinstance(error, OSError):
        return str(error)
    return f"{type(error).__name__}: {error}".strip().removesuffix(":")


def flushed(code: int) -> int:
    """Flush standard output.

    Return `code`, or another exit code if the output failed: a full disk, or a closed pipe.
    """
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
    """Replace standard output: Python flushes it once more at exit and would report the same error again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
