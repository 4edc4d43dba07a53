"""Filtered terminal output: everything that a verb prints passes through it, and no control character gets out.

`guarded` wraps standard output and error while a verb runs, so it applies to messages, log lines, tracebacks and JSON
alike. On a terminal it allows colours, because help and tables use them; untrusted text is printed by `echo` or on a
`Terminal` (terminal.py), which allow no control sequences in a text.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

import typer

from simulator.model.text.visible import visible


class GuardedStream:
    """A text stream that filters what is written to another one."""

    def __init__(self, behind: TextIO) -> None:
        self.behind = behind
        self._with_colours = behind.isatty()

    def write(self, text: str) -> int:
        self.behind.write(visible(text, with_colours=self._with_colours))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Wrap both streams; nested calls wrap them only once."""
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
