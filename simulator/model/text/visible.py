r"""Escapes untrusted text for display: characters that control terminals or text direction become escapes such as
`\u001b`.

Names of scenarios, output lines of applications and messages of other programs are untrusted. Written unchanged to a
terminal they could change its title, clear earlier output, or display a line that differs from the text. The escapes
have the form of JSON's, so escaped JSON keeps its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, TextIO

# C0 except tab and line feed, DEL, C1; bidirectional controls (UAX 9); lone surrogates, which cannot be encoded.
_CONTROLS: Final = "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff"
_CONTROL: Final = re.compile(f"[{_CONTROLS}]")
_OR_COLOUR: Final = re.compile(f"(\\x1b\\[[0-9;:]*m)|[{_CONTROLS}]")


def visible(text: str, *, with_colours: bool = False) -> str:
    """Return `text` with control characters escaped.

    `with_colours` keeps SGR sequences, which change only the appearance of the text after them.
    """
    if text.isascii() and text.isprintable():
        return text
    if with_colours:
        return _OR_COLOUR.sub(lambda found: found[1] or _escaped(found), text)
    return _CONTROL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


class GuardedStream:
    """A text stream that escapes what is written to another stream."""

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
