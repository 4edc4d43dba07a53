"""Reads a literal of JavaScript: objects, arrays, strings, numbers, true, false and null, with comments.

An options object of a load script is such a literal in most scripts. Nothing is executed: a name, a call or a template
with `${` is an `Expression`, whose text the caller can report.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any, Final

_SPACE: Final = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_$][\w$]*")
_NUMBER: Final = re.compile(r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_STRING: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`(?:[^`\\]|\\.)*`', re.DOTALL)
_TEXT_OR_COMMENT: Final = re.compile(rf"{_STRING.pattern}|(//[^\n]*|/\*.*?\*/)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,6}\}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_CONSTANTS: Final = {"true": True, "false": False, "null": None, "undefined": None}
_CLOSING: Final = {"{": "}", "[": "]", "(": ")"}


@dataclass(frozen=True, slots=True)
class Expression:
    """A value that only running the script gives."""

    text: str


class LiteralError(ValueError):
    """The text is no literal. `at`: the index of the character that cannot be read."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def literal(text: str, at: int = 0) -> Any:
    """Return the literal that begins at index `at`, after spaces and comments.

    Raises:
        LiteralError: if the text ends within it, or a key or a separator is missing.
    """
    value, _ = _value(text, _skip(text, at))
    return value


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _value(text: str, at: int) -> tuple[Any, int]:
    start = at
    value: Any
    if text.startswith("{", at):
        value, at = _object(text, at + 1)
    elif text.startswith("[", at):
        value, at = _array(text, at + 1)
    elif (found := _STRING.match(text, at)) is not None:
        value, at = _text(found[0]), found.end()
        if found[0][0] == "`" and "${" in found[0]:
            value = Expression(found[0])
    elif (found := _NUMBER.match(text, at)) is not None:
        digits = found[0].replace("_", "")
        value, at = float(digits) if set(digits) & set(".eE") else int(digits), found.end()
    elif (found := _NAME.match(text, at)) is not None and found[0] in _CONSTANTS:
        value, at = _CONSTANTS[found[0]], found.end()
    else:
        end = _end_of_expression(text, at)
        return Expression(text[at:end].strip()), end
    if text[_skip(text, at) : _skip(text, at) + 1] in {"", ",", "}", "]", ";"} or at == start:
        return value, _skip(text, at)
    end = _end_of_expression(text, at)  # such as 5 * 60, or [..].concat(..)
    rest = text[at:end]
    if "\n" in rest and isinstance(value, dict):  # the script goes on after its options
        return value, at
    return Expression(text[start:end].strip()), end


def _object(text: str, at: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    at = _skip(text, at)
    while not text.startswith("}", at):
        name = _STRING.match(text, at) or _NAME.match(text, at) or _NUMBER.match(text, at)
        if name is None:
            if text.startswith("...", at):
                at = _comma(text, _end_of_expression(text, at), "}")
                continue
            raise LiteralError("a key is missing", at)
        key = _text(name[0]) if name[0][0] in "\"'`" else name[0]
        at = _skip(text, name.end())
        if not text.startswith(":", at):
            found[key] = Expression(key)
            at = _comma(text, _end_of_expression(text, at), "}")
            continue
        found[key], at = _value(text, _skip(text, at + 1))
        at = _comma(text, at, "}")
    return found, at + 1


def _array(text: str, at: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    at = _skip(text, at)
    while not text.startswith("]", at):
        value, at = _value(text, at)
        found.append(value)
        at = _comma(text, at, "]")
    return found, at + 1


def _comma(text: str, at: int, closing: str) -> int:
    at = _skip(text, at)
    if text.startswith(",", at):
        return _skip(text, at + 1)
    if text.startswith(closing, at):
        return at
    raise LiteralError(f"`,` or `{closing}` is missing", at)


def _end_of_expression(text: str, at: int) -> int:
    """Return the index of the comma or the closing bracket behind an expression."""
    depth: list[str] = []
    while at < len(text):
        if (found := _STRING.match(text, at)) is not None:
            at = found.end()
            continue
        letter = text[at]
        if letter in _CLOSING:
            depth.append(_CLOSING[letter])
        elif depth and letter == depth[-1]:
            depth.pop()
        elif letter in ",;}])" and not depth:
            return at
        at += 1
    if depth:
        raise LiteralError(f"`{depth[-1]}` is missing", at)
    return at


def without_comments(text: str) -> str:
    """Return code with a space in place of each comment."""
    return _TEXT_OR_COMMENT.sub(lambda found: found[0] if found[1] is None else " ", text)


def end_of_block(text: str, at: int) -> int:
    """Return the index of the brace that closes a block of code, whose first character is at index `at`.

    Raises:
        LiteralError: if the text ends before it.
    """
    depth = 1
    while at < len(text):
        at = _skip(text, at)
        if (found := _STRING.match(text, at)) is not None:
            at = found.end()
            continue
        depth += {"{": 1, "}": -1}.get(text[at : at + 1], 0)
        if not depth:
            return at
        at += 1
    raise LiteralError("`}` is missing", at)


def _text(quoted: str) -> str:
    return _ESCAPE.sub(_unescaped, quoted[1:-1])


def _unescaped(found: re.Match[str]) -> str:
    escape = found[1]
    if len(escape) == 1:
        return _ESCAPES.get(escape, escape)
    code = int(escape[1:].strip("{}"), 16)
    return chr(code) if code <= sys.maxunicode else escape
