"""Patterns: found anywhere in bytes of any encoding, in bounded time and memory."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.waf.patterns import search_of


@given(st.binary(max_size=40))
def test_a_pattern_finds_what_the_standard_library_finds(text: bytes) -> None:
    for pattern in ("a+b?", "^[^/]*$", r"\d{2,3}", "(?i)X|y", r"[\x80-\xff]"):
        expected = re.search(pattern.encode("latin-1"), text) is not None
        assert bool(search_of(pattern)(text)) is expected, pattern


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)", "(?<!a)b", "a++", r"\Ca(", "a{1001}", "(" * 300])
def test_what_is_not_supported_is_an_error_with_a_reason(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        search_of(pattern)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^(.*a){20}b$"])
def test_patterns_that_would_backtrack_take_linear_time(pattern: str) -> None:
    assert not search_of(pattern)(b"a" * 16384 + b"!")
