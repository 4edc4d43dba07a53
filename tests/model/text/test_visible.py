from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.text.visible import visible

pytestmark = pytest.mark.case("R10")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ünïcode ☕ 中文", "plain text, ünïcode ☕ 中文"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b]0;title\x07", "\\u001b]0;title\\u0007"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("over\rwritten", "over\\u000dwritten"),
        ("\x9b31m \x7f", "\\u009b31m \\u007f"),
        ("safe\u202eexe.cod", "safe\\u202eexe.cod"),
        ("caf\udce9", "caf\\udce9"),
    ],
)
def test_control_characters_of_terminals_are_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_every_control_character_of_unicode_is_escaped() -> None:
    """Computed in another way: by the category and the class of each character."""
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    for code in range(0x10000):
        text = chr(code)
        controls = unicodedata.category(text) in {"Cc", "Cs"} or unicodedata.bidirectional(text) in bidi
        if controls and text not in "\t\n":
            assert visible(text) == f"\\u{code:04x}"
        elif visible(text) != text:
            # marks and separators, which do not control the terminal
            assert code in {0x61C, 0x200E, 0x200F, 0x2028, 0x2029}, hex(code)


@given(st.text())
def test_escaped_json_has_the_same_value(text: str) -> None:
    assert json.loads(visible(json.dumps(text, ensure_ascii=False))) == text


def test_colours_are_kept_and_other_control_characters_escaped() -> None:
    text = "\x1b[1;31mred\x1b[0m\x1b[2J\x1b]0;t\x07\x1b[31"
    assert visible(text, with_colours=True) == "\x1b[1;31mred\x1b[0m\\u001b[2J\\u001b]0;t\\u0007\\u001b[31"
