"""Errors in a user's file: the position, the value, what is expected, and the nearest valid word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple

from simulator.model.text.renamed import RENAMED, renamed


class Problem(NamedTuple):
    """One error. `line` and `column` count from 1; `path` is dotted, such as `services.web.min_size`.

    `found` is the value in the file, as written or shortened; `expected` completes "must be ..."; `nearest` is the
    valid word that resembles an unknown one.
    """

    line: int
    column: int
    path: str
    found: str
    expected: str
    nearest: str = ""
    file: str = ""

    def __str__(self) -> str:
        where = ":".join(part for part in (self.file, str(self.line), str(self.column)) if part)
        is_new_name = self.nearest in {RENAMED.get(word) for word in (self.path.rpartition(".")[2], self.found)}
        return (
            f"{where}: {self.path or 'file'} = {self.found}, must be {self.expected}{_hint(self.nearest, is_new_name)}"
        )


class FileProblems(Exception):
    """A user's file cannot be used. Contains every problem found, in the order of the lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        assert self.problems, "FileProblems without a problem"
        super().__init__("\n".join(str(problem) for problem in self.problems))


def one_of(word: object, known: Iterable[str]) -> str:
    """Return the text `one of a, b, c` with the valid names, and a hint if one of them resembles `word`."""
    names = list(known)
    return f"one of {', '.join(names)}{did_you_mean(word, names)}"


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: its new name or the nearest valid one; empty if there is
    neither.
    """
    names = list(known)
    return _hint(nearest(word, names), bool(renamed(word, names)))


def nearest(word: object, known: Iterable[str]) -> str:
    """Return the new name of `word` if it was renamed, otherwise the valid word that it resembles; empty if there is
    none.
    """
    names = list(known)
    if new := renamed(word, names):
        return new
    text = str(word)
    # ignoring case, because otherwise `IP` would not resemble `Ip`
    same = [name for name in names if name.casefold() == text.casefold()]
    close = same or difflib.get_close_matches(text, names, n=1, cutoff=0.6)
    return close[0] if close else ""


def _hint(near: str, is_new_name: bool) -> str:
    if not near:
        return ""
    return f"; it is now `{near}`" if is_new_name else f"; did you mean `{near}`?"
