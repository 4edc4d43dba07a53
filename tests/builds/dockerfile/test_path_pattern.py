"""Patterns of an untrusted .dockerignore: which paths they match, and that none of them takes long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.builds.dockerfile.dockerignore import Ignore
from simulator.builds.dockerfile.path_pattern import PathPattern

pytestmark = pytest.mark.case("R6")


def regular(pattern: str) -> str:
    """Return the same pattern as a regular expression, which is usable for short texts only."""
    parts, at = [], 0
    while at < len(pattern):
        rest = pattern[at:]
        if rest.startswith("**/"):
            parts.append("(?:.*/)?")
            at += 3
        elif rest.startswith("**"):
            parts.append(".*")
            at += 2
        elif rest[0] in "*?":
            parts.append("[^/]*" if rest[0] == "*" else "[^/]")
            at += 1
        elif rest[0] == "[":
            length = rest.index("]", 2)
            parts.append(f"(?!/){rest[: length + 1]}")
            at += length + 1
        else:
            at += rest[0] == "\\"
            parts.append(re.escape(pattern[at : at + 1]))
            at += 1
    return "".join(parts)


PIECES = ("a", "b", "/", "*", "**", "**/", "?", "[ab]", "[^a]", "\\*", "***", "****/")


@given(
    pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=7),
    parts=st.lists(st.text("ab*", min_size=1, max_size=3), min_size=1, max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_it_matches_what_a_regular_expression_matches(pieces: list[str], parts: list[str]) -> None:
    text = "".join(pieces)
    expression = re.compile(regular(text), re.DOTALL)
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    assert PathPattern(text).matches(above[-1]) is any(expression.fullmatch(each) for each in above)


LONG = 4000  # maximum length of a path; a regular expression would take hours for each of these


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 30 + "b", "a" * LONG),
        ("**/a" * 30 + "b", "a/" * (LONG // 2) + "a"),
        ("**/*a*" * 10 + "/b", "a/" * (LONG // 2) + "a"),
        ("**a" * 30 + "b", "a" * LONG),
        ("?*" * 30 + "b", "a" * LONG),
        ("[a]*" * 30 + "b", "a" * LONG),
        ("*" * LONG + "b", "a" * LONG),
        ("a*/" * 30 + "b", "aaaaaaaaa/" * (LONG // 10) + "a"),
    ],
)
def test_no_pattern_makes_a_path_take_long(pattern: str, path: str) -> None:
    assert not PathPattern(pattern).matches(path)


def test_the_steps_are_as_many_as_the_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    made = PathPattern._step

    def counted(self: PathPattern, state: int, character: str) -> int:
        nonlocal steps
        steps += 1
        return made(self, state, character)

    monkeypatch.setattr(PathPattern, "_step", counted)
    PathPattern("*a" * 300 + "b").matches("a" * LONG)
    assert steps <= LONG


def test_an_ignore_file_of_hostile_patterns_takes_few_steps() -> None:
    ignore = Ignore.of_text("\n".join("*a" * count + "b" for count in range(1, 200)))
    assert not ignore.leaves_out("a" * LONG)


def test_the_cache_of_compiled_patterns_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.builds.dockerfile.path_pattern._STEPS_KEPT", 10)
    pattern = PathPattern("**/x*y")
    for number in range(100):
        pattern.matches(f"a{chr(0x4E00 + number)}/b")
    assert len(pattern._steps) <= 10
    assert pattern.matches("a/x1y")
