"""Patterns in policies that are compared with values of a request: wildcards, and variables such as `${aws:username}`.

Matching takes at most pattern length times text length steps, whatever the number of wildcards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

Context = Mapping[str, tuple[str, ...]]

_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_NAME_AND_DEFAULT: Final = re.compile(r"\s*([^,\s]+)\s*(?:,\s*'([^']*)'\s*)?")
_LITERALS: Final = frozenset("*?$")  # `${*}`, `${?}` and `${$}` mean the characters themselves
ARN_SEGMENTS: Final = 6


class Wildcard(Enum):
    """A wildcard of a pattern: any number of characters, or one character."""

    MANY = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class PolicyVariable:
    """A policy variable. `key` is a condition key in lower case; `default` is the value if the request has no
    such key.
    """

    key: str
    default: str | None = None


Token = str | Wildcard  # one character, or a wildcard


@dataclass(frozen=True, slots=True)
class TextPattern:
    """A pattern. `text` is its text in the policy; `parts` are its strings, wildcards and variables in order."""

    text: str
    parts: tuple[str | Wildcard | PolicyVariable, ...]

    @classmethod
    def parse(cls, text: str, *, wildcards: bool = True, variables: bool = True) -> Self:
        """Parse a pattern. Without `wildcards` or `variables`, their characters are ordinary characters.

        Raises:
            ValueError: for a variable without a name, or with a default that is not in single quotation marks.
        """
        parts: list[str | Wildcard | PolicyVariable] = []
        start = 0
        for match in _VARIABLE.finditer(text) if variables else ():
            parts += _plain(text[start : match.start()], wildcards=wildcards)
            parts.append(_variable(match[1]))
            start = match.end()
        return cls(text, (*parts, *_plain(text[start:], wildcards=wildcards)))

    @property
    def has_variables(self) -> bool:
        return any(isinstance(part, PolicyVariable) for part in self.parts)

    def tokens(self, context: Context) -> list[Token] | None:
        """Return the pattern with its variables replaced by their values; None if the request has no value for one of
        them.

        A wildcard character in the value of a variable is an ordinary character. A key with several values has no value
        as a variable.
        """
        tokens: list[Token] = []
        for part in self.parts:
            if isinstance(part, Wildcard):
                tokens.append(part)
                continue
            text: str | None = part if isinstance(part, str) else _value(part, context)
            if text is None:
                return None
            tokens += text
        return tokens

    def matches(self, text: str, context: Context, *, ignore_case: bool = False) -> bool:
        """Return True if the pattern matches the whole of `text`."""
        tokens = self.tokens(context)
        if tokens is None:
            return False
        if ignore_case:
            text = text.lower()
            # In lower case, one letter may become several characters.
            tokens = [part for each in tokens for part in (each.lower() if isinstance(each, str) else (each,))]
        return _has_form(text, tokens)

    def matches_arn(self, arn: str, context: Context, *, completed: bool = False) -> bool:
        """Return True if each of the six segments of `arn` matches the segment of the pattern. A wildcard matches no
        colon, except in the last segment.

        If `completed`, segments that are missing at the end of the pattern match everything, as in the Resource
        element.
        """
        tokens = self.tokens(context)
        if tokens is None:
            return False
        segments = _segments(tokens)
        if completed and len(segments) < ARN_SEGMENTS:
            segments += [[Wildcard.MANY]] * (ARN_SEGMENTS - len(segments))
        given = arn.split(":", ARN_SEGMENTS - 1)
        return len(segments) == len(given) == ARN_SEGMENTS and all(map(_has_form, given, segments))


def _plain(text: str, *, wildcards: bool) -> list[str | Wildcard | PolicyVariable]:
    if not wildcards:
        return [text] if text else []
    return [Wildcard(part) if part in {"*", "?"} else part for part in re.split(r"([*?])", text) if part]


def _variable(inner: str) -> str | PolicyVariable:
    if inner in _LITERALS:
        return inner
    match = _NAME_AND_DEFAULT.fullmatch(inner)
    if match is None:
        msg = f"${{{inner}}} is not a policy variable; write ${{aws:username}} or ${{aws:PrincipalTag/team, 'none'}}"
        raise ValueError(msg)
    return PolicyVariable(match[1].lower(), match[2])


def _value(variable: PolicyVariable, context: Context) -> str | None:
    values = context.get(variable.key, ())
    return values[0] if len(values) == 1 else variable.default


def _segments(tokens: Sequence[Token]) -> list[list[Token]]:
    segments: list[list[Token]] = [[]]
    for each in tokens:
        if each == ":" and len(segments) < ARN_SEGMENTS:
            segments.append([])
        else:
            segments[-1].append(each)
    return segments


def _has_form(text: str, tokens: Sequence[Token]) -> bool:
    """Match greedily: after a mismatch, continue at the last `*` and let it match one character more."""
    at, token, star, resume = 0, 0, -1, 0
    while at < len(text):
        if token < len(tokens) and tokens[token] in {Wildcard.ONE, text[at]}:
            at, token = at + 1, token + 1
        elif token < len(tokens) and tokens[token] is Wildcard.MANY:
            star, resume, token = token, at, token + 1
        elif star >= 0:
            resume += 1
            at, token = resume, star + 1
        else:
            return False
    return all(each is Wildcard.MANY for each in tokens[token:])
