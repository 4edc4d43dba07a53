"""The door to the terminal: everything that a verb prints goes through it, and no control character comes out.

`guarded` puts it before standard output and error for as long as a verb runs, so it holds for messages, log lines,
tracebacks and JSON alike. On a terminal it lets colours pass, because help and tables have them; what is a stranger's
text is printed by `echo` or on a `Terminal` (terminal.py), which let nothing of a text pass.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

import typer

from simulator.model.visible import visible


class Door:
    """A text stream in front of another."""

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
    """Doors before both streams; one is enough, however often it is asked for."""
    before = sys.stdout, sys.stderr
    doors = tuple(stream if isinstance(stream, Door) or stream is None else Door(stream) for stream in before)
    sys.stdout, sys.stderr = doors
    try:
        yield
    finally:
        if (sys.stdout, sys.stderr) == doors:
            sys.stdout, sys.stderr = before


def echo(text: object, *, err: bool = False) -> None:
    """A line that holds a stranger's text."""
    typer.echo(visible(str(text)), err=err)
