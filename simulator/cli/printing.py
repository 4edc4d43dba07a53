"""Filtered terminal output: all output of a verb passes through the filter, which removes control characters.

`guarded` wraps standard output and standard error while a verb runs, so that the filter covers messages, log lines,
tracebacks and JSON alike. On a terminal it allows colours, because help and tables use them; untrusted text is printed
by `echo` or on a `Terminal` (terminal.py), which allow no control sequences in a text.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from simulator.model.text.visible import GuardedStream, visible

if TYPE_CHECKING:
    from simulator.cli.terminal import Terminal


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
