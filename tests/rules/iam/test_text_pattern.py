"""Wildcards and policy variables."""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.rules.iam.text_pattern import TextPattern


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
@settings(max_examples=300, deadline=None)
def test_wildcards_are_those_of_a_shell(pattern: str, text: str) -> None:
    expected = re.fullmatch(fnmatch.translate(pattern), text) is not None
    assert TextPattern.parse(pattern).matches(text, {}) == expected


def test_many_wildcards_do_not_take_exponential_time() -> None:
    """A backtracking expression would take 2^40 steps."""
    assert not TextPattern.parse("*a" * 40 + "b").matches("a" * 2000, {})


def test_a_pattern_matches_the_whole_text_and_is_case_sensitive() -> None:
    assert not TextPattern.parse("shop").matches("shop-1", {})
    assert not TextPattern.parse("shop").matches("Shop", {})
    assert TextPattern.parse("shop").matches("Shop", {}, ignore_case=True)


@pytest.mark.parametrize(
    ("pattern", "context", "text", "expected"),
    [
        ("${aws:username}", {"aws:username": ("alice",)}, "alice", True),
        ("a-${AWS:UserName}-*", {"aws:username": ("alice",)}, "a-alice-1", True),
        ("${aws:username}", {}, "", False),
        ("${aws:username, 'none'}", {}, "none", True),
        ("${aws:username, ''}", {}, "", True),
        ("${aws:tagkeys}", {"aws:tagkeys": ("a", "b")}, "a", False),
        ("${aws:username}", {"aws:username": ("a*",)}, "abc", False),
        ("${*}${?}${$}", {}, "*?$", True),
        ("${*}", {}, "x", False),
    ],
)
def test_a_variable_is_replaced_by_its_value_or_default(
    pattern: str, context: dict[str, tuple[str, ...]], text: str, expected: bool
) -> None:
    assert TextPattern.parse(pattern).matches(text, context) == expected


@pytest.mark.parametrize("pattern", ["${}", "${aws:username, none}", "${aws:username 'none'}"])
def test_an_invalid_variable_is_an_error(pattern: str) -> None:
    with pytest.raises(ValueError, match="is not a policy variable; write"):
        TextPattern.parse(pattern)


def test_wildcards_are_ordinary_characters_where_patterns_are_not_allowed() -> None:
    assert TextPattern.parse("a*", wildcards=False).matches("a*", {})
    assert not TextPattern.parse("a*", wildcards=False).matches("ab", {})
    assert TextPattern.parse("${aws:username}", variables=False).matches("${aws:username}", {})


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("arn:aws:apprunner:*:*:service/*", "arn:aws:apprunner:us-east-1:1:service/a/b:c", True),
        ("arn:aws:apprunner:*:service/a", "arn:aws:apprunner:us-east-1:1:service/a", False),
        ("arn:aws:apprunner:us-east-1*:service/a", "arn:aws:apprunner:us-east-1:1:service/a", False),
        ("arn:aws:apprunner:*:*:service/*", "service/a", False),
        ("arn:aws:apprunner", "arn:aws:apprunner:us-east-1:1:service/a", False),
    ],
)
def test_an_arn_is_compared_segment_by_segment(pattern: str, arn: str, expected: bool) -> None:
    assert TextPattern.parse(pattern).matches_arn(arn, {}) == expected


def test_missing_segments_of_a_resource_arn_match_everything() -> None:
    assert TextPattern.parse("arn:aws:apprunner").matches_arn("arn:aws:apprunner:r:1:service/a", {}, completed=True)


def test_a_letter_with_two_characters_in_lower_case_matches_itself_if_case_is_ignored() -> None:
    turkish = "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}"
    pattern = TextPattern.parse(f"{turkish}*X")
    assert pattern.matches(f"{turkish}zmirx", {}, ignore_case=True)
    assert not pattern.matches(f"{turkish}zmiry", {}, ignore_case=True)
