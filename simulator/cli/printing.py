"""Filtered terminal output: all output of a verb passes through the filter, which removes control characters.

`guarded` wraps standard output and standard error while a verb runs, so that the filter covers messages, log lines,
tracebacks and JSON alike. On a terminal it allows colours, because help and tables use them; untrusted text is printed
by `echo` or on a `Terminal` (terminal.py), which allow no control sequences in a text.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TextIO

import typer

from simulator.model.text.visible import GuardedStream, visible

if TYPE_CHECKING:
    from simulator.cli.terminal import Terminal


# Variables that make rich write colours, or choose another width.
_COLOURING: Final = frozenset({"FORCE_COLOR", "TTY_COMPATIBLE", "JUPYTER_COLUMNS"})
_STANDARD_STREAMS: Final = (0, 1, 2)
_COLUMNS: Final = 80


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Wrap both streams. Nested calls wrap them only once."""
    before = sys.stdout, sys.stderr
    doors = tuple(
        stream if isinstance(stream, GuardedStream) or stream is None else GuardedStream(stream) for stream in before
    )
    sys.stdout, sys.stderr = doors
    try:
        yield
    finally:
        if (sys.stdout, sys.stderr) == doors:
            sys.stdout, sys.stderr = before


def echo(text: object, *, err: bool = False) -> None:
    """Print a line that contains untrusted text."""
    typer.echo(visible(str(text)), err=err)


def plain_width(stream: TextIO) -> int | None:
    """Return the columns of a stream without colours, as rich computes them; None for a stream that may get colours.

    A file or a pipe has the width of the terminal to which the process belongs, or 80 columns without one.
    """
    variables = os.environ  # noqa: TID251 cli is the reader of the environment
    if not _COLOURING.isdisjoint(variables) or stream.isatty() or not str(stream.encoding).lower().startswith("utf"):
        return None
    if (columns := variables.get("COLUMNS", "")).isdigit():
        return int(columns)
    for descriptor in _STANDARD_STREAMS:
        with contextlib.suppress(OSError):
            return os.get_terminal_size(descriptor).columns or _COLUMNS
    return _COLUMNS


class Status:
    """Messages on standard error beside the results of a verb.

    rich is imported on first use, so a quiet verb does not need it.
    """

    @functools.cached_property
    def terminal(self) -> Terminal:
        from simulator.cli.terminal import Terminal  # noqa: PLC0415

        return Terminal(stderr=True)

    def tell(self, line: str) -> None:
        """Print a line of any length, above a live view if there is one."""
        self.terminal.print(line, soft_wrap=True)
