"""One path pattern in the syntax of Go's filepath.Match with `**`, matched in linear time.

A pattern comes from an untrusted repository, and an equivalent regular expression could try every way to split a path
between its stars, while it holds the interpreter's lock. This is Thompson's construction: one pass over the path with
the set of all possible positions in the pattern, as the bits of an integer. Transitions are cached, so most characters
cost one dictionary lookup.
"""

from __future__ import annotations

import re
from typing import Final

_STEPS_KEPT: Final = 20_000
_DEAD: Final = 0


class PathPattern:
    """A compiled pattern.

    `text` is normalized: no `.`, `..` or empty parts, and no slash at its ends.

    Raises:
        ValueError: if the pattern is invalid.
    """

    def __init__(self, text: str) -> None:
        tokens = _tokens(text)
        self._accepts = 1 << len(tokens)
        self._literal: dict[str, int] = {}  # positions that accept this character
        self._one = self._many = self._any = self._optional = 0  # positions of `?`, `*`, `**` and of optional tokens
        self._classes: list[tuple[int, re.Pattern[str]]] = []
        for number, (kind, content) in enumerate(tokens):
            place = 1 << number
            if kind == "literal":
                self._literal[content] = self._literal.get(content, 0) | place
            elif kind == "class":
                self._classes.append((place, _class(content)))
            elif kind == "one":
                self._one |= place
            elif kind == "many":
                self._many |= place
            elif kind == "any":
                self._any |= place
            else:
                self._optional |= place
        self._takes: dict[str, int] = {}
        self._steps: dict[tuple[int, str], int] = {}
        self._start = self._closed(1)

    def matches(self, path: str) -> bool:
        """Return True if the pattern matches `path` (relative, with slashes) or a directory above it."""
        state, steps, accepts = self._start, self._steps, self._accepts
        for character in path:
            if character == "/" and state & accepts:
                return True
            following = steps.get((state, character))
            state = self._step(state, character) if following is None else following
            if state == _DEAD:
                return False
        return bool(state & accepts)

    def _step(self, state: int, character: str) -> int:
        taken = self._takes.get(character)
        if taken is None:
            taken = self._takes[character] = self._taking(character)
        stays = state & (self._any if character == "/" else self._any | self._many)
        following = self._closed(((state & taken) << 1) | stays)
        if len(self._steps) >= _STEPS_KEPT:
            self._steps.clear()
            self._takes.clear()
        self._steps[state, character] = following
        return following

    def _taking(self, character: str) -> int:
        taken = self._literal.get(character, 0)
        if character != "/":
            taken |= self._one
            for place, one in self._classes:
                if one.fullmatch(character) is not None:
                    taken |= place
        return taken

    def _closed(self, state: int) -> int:
        """Add the positions that are reached without a character. Two stars are never adjacent (see `_tokens`)."""
        left_out = state & self._optional
        state |= (left_out << 1) | (left_out << 3)
        return state | ((state & (self._many | self._any)) << 1)


def _class(content: str) -> re.Pattern[str]:
    try:
        return re.compile(content, re.DOTALL)
    except re.error as error:
        raise ValueError(str(error)) from error


def _tokens(text: str) -> list[tuple[str, str]]:
    """Split the text into tokens; `**/` becomes three (optional `**`, slash; see `_closed`).

    Raises ValueError if invalid.
    """
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        if text.startswith("**", at):
            at, are_directories = _after_stars(text, at)
            if are_directories:
                tokens += [("optional", ""), ("any", ""), ("literal", "/")]
            else:
                tokens.append(("any", ""))
            continue
        character = text[at]
        if character in "*?":
            tokens.append(("many" if character == "*" else "one", ""))
        elif character == "[":
            end = text.index("]", at + 2)
            tokens.append(("class", text[at : end + 1]))
            at = end
        else:
            if character == "\\":
                at += 1
            if at < len(text):
                tokens.append(("literal", text[at]))
        at += 1
    return tokens


def _after_stars(text: str, at: int) -> tuple[int, bool]:
    """Return the index after a run of stars and slashes that begins with `**`, and whether it consists of `**/` only.

    A run matches the same paths as its shortest form.
    """
    directories = at
    while text.startswith("**/", directories):
        directories += 3
    stars = directories
    if text.startswith("**", stars):
        stars += 2
        while text.startswith("*", stars):
            stars += 3 if text.startswith("**/", stars) else 2 if text.startswith("**", stars) else 1
    return stars, stars == directories
