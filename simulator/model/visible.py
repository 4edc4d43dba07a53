r"""Text from outside as it may be shown: what controls a terminal or turns the reading direction becomes `\u001b`.

Names of scenarios, lines of applications and messages of other programs are strangers' text. A terminal that is given
them as they are can be told to change its title, to clear what stands above, or to show a line other than the one that
was written. The form of the escapes is JSON's, so JSON that passes through here says the same afterwards.
"""

from __future__ import annotations

import re
from typing import Final

# C0 but tab and line feed, DEL, C1; controls of bidirectional text (UAX 9); lone surrogates, which no encoding has.
_CONTROLS: Final = "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff"
_CONTROL: Final = re.compile(f"[{_CONTROLS}]")
_OR_COLOUR: Final = re.compile(f"(\\x1b\\[[0-9;:]*m)|[{_CONTROLS}]")


def visible(text: str, *, with_colours: bool = False) -> str:
    """`with_colours` leaves sequences of SGR, which change how what follows looks and nothing else."""
    if text.isascii() and text.isprintable():
        return text
    if with_colours:
        return _OR_COLOUR.sub(lambda found: found[1] or _escaped(found), text)
    return _CONTROL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
