"""A value in a JSON document with its place, and the error that names place, value, expectation and nearest
valid word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from simulator.model.text.problems import did_you_mean, one_of

_SHOWN_MAX: Final = 60
_LABEL: Final = re.compile(r"[0-9A-Za-z_:-]{1,1024}")


class WebAclError(ValueError):
    """A document of AWS WAF that cannot be used. The message is for the author of the document.

    `file` is the name of the document, `place` the place in it, such as `WebACL.Rules[0].Action`, and `expected` what
    must be there.
    """

    def __init__(self, message: str, file: str, place: str, expected: str) -> None:
        super().__init__(message)
        self.file, self.place, self.expected = file, place, expected


class JsonNode:
    """A value and its place, such as `WebACL.Rules[0].Action`. `file` is the name of the document."""

    __slots__ = ("file", "place", "value")

    def __init__(self, value: Any, file: str, place: str = "") -> None:
        self.value, self.file, self.place = value, file, place

    def wrong(self, expected: str) -> WebAclError:
        """Return the error; `expected` completes "must be ..."."""
        message = f"{self.file}: {self.place or 'the document'} = {_shown(self.value)}, must be {expected}"
        return WebAclError(message, self.file, self.place, expected)

    def members(self, known: Sequence[str], required: Sequence[str] = ()) -> dict[str, JsonNode]:
        """Return the members of an object that are not null. Raises WebAclError for unknown and missing ones."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        for name in self.value:
            if name not in known:
                raise JsonNode(self.value[name], self.file, self._within(name)).wrong(f"left out: {_one(name, known)}")
        found = {
            name: JsonNode(value, self.file, self._within(name))
            for name, value in self.value.items()
            if value is not None
        }
        for name in required:
            if name not in found:
                raise JsonNode(None, self.file, self._within(name)).wrong("given")
        return found

    def choice(self, known: Sequence[str]) -> tuple[str, JsonNode]:
        """Return the name and the value of the only member of an object."""
        found = self.members(known)
        if len(found) != 1:
            raise self.wrong(f"an object with {one_of('', known)}")
        return next(iter(found.items()))

    def items(self, at_least: int = 0, at_most: int | None = None) -> Iterator[JsonNode]:
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        if len(self.value) < at_least or (at_most is not None and len(self.value) > at_most):
            limits = f"at least {at_least}" if at_most is None else f"{at_least} to {at_most}"
            message = f"{self.file}: {self.place} has {len(self.value)} entries, must have {limits}"
            raise WebAclError(message, self.file, self.place, f"a list with {limits} entries")
        for index, value in enumerate(self.value):
            yield JsonNode(value, self.file, f"{self.place}[{index}]")

    def text(self) -> str:
        """Return a non-empty string that can be encoded in UTF-8; JSON also allows single surrogates, which cannot."""
        if not isinstance(self.value, str) or not self.value:
            raise self.wrong("a text that is not empty")
        if any("\ud800" <= each <= "\udfff" for each in self.value):
            raise self.wrong("valid Unicode, without half of a surrogate pair")
        return self.value

    def word(self, known: Sequence[str]) -> str:
        """Return the value, which must be one of the words in `known`."""
        if self.value not in known or not isinstance(self.value, str):
            raise self.wrong(one_of(self.value, known))
        return self.value

    def number(self, lowest: int, highest: int) -> int:
        value = self.value
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise self.wrong(f"a number from {lowest} to {highest}")
        return value

    def _within(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name


def label_text(node: JsonNode) -> str:
    """Return a label, or a part of one, which must have the form of the API's `Label`."""
    text = node.text()
    if _LABEL.fullmatch(text) is None:
        raise node.wrong("at most 1024 letters, digits, `_`, `-` and `:`")
    return text


def _one(name: str, known: Sequence[str]) -> str:
    """Return a hint with the known names and the one nearest to `name`."""
    return f"known are {', '.join(known)}{did_you_mean(name, known)}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 3]}..."
