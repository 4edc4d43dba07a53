"""Exit codes, as load-testing tools have them, and how bad input and failures are told.

0: all is well and every check passes. 1: a check, a comparison or a validation failed, and nothing else. 2: bad input.
3: the simulator itself failed, or the machine below it did, such as a full disk. 130: interrupted.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import tempfile
import traceback
from typing import Final, NoReturn

import typer

from simulator.cli.printing import echo

OK: Final = 0
CHECK_FAILED: Final = 1
BAD_INPUT: Final = 2
BROKE: Final = 3
INTERRUPTED: Final = 130  # 128 + SIGINT
NOBODY_READS: Final = 141  # 128 + SIGPIPE, as of programs that the signal ends

# The machine's failures, which nothing that a user wrote or could write better is to blame for.
_OF_THE_MACHINE: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)
# Set to anything, it has the place of a failure printed rather than put into a file.
DEBUG_VARIABLE: Final = "SIMULATOR_DEBUG"


def bad_input(message: str) -> NoReturn:
    echo(message, err=True)
    raise typer.Exit(BAD_INPUT)


def broke(message: str) -> NoReturn:
    echo(message, err=True)
    raise typer.Exit(BROKE)


def cannot(error: BaseException, message: str = "") -> NoReturn:
    """Ends the command that could not open, read or write what it was asked to; the message is the error's by default.

    Bad input, unless the machine is what failed.
    """
    (broke if is_of_the_machine(error) else bad_input)(message or str(error))


def is_of_the_machine(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in _OF_THE_MACHINE


def details_of(error: BaseException) -> str:
    """Where somebody who mends it finds the place of the failure: ends the line that reports it.

    Nothing where the machine is what failed, and there is no place to mend.
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


def told(error: BaseException) -> str:
    """An error in a line; a bug with the kind of it."""
    if isinstance(error, OSError):
        return str(error)
    return f"{type(error).__name__}: {error}".strip().removesuffix(":")


def flushed(code: int) -> int:
    """`code`, or what became of it when standard output takes no more: a full disk, or nobody who reads."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        return NOBODY_READS
    except OSError as error:
        _silence_stdout()
        echo(f"standard output cannot be written: {error.strerror}", err=True)
        return BROKE
    return code


def _silence_stdout() -> None:
    """Python flushes once more at its end, and would complain once more."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
