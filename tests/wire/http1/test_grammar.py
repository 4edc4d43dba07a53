"""Patterns that have to agree with each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.wire.http1.grammar import ENDED_REQUEST_LINE, ONE_FIELD, REQUEST_LINE, STATUS_LINE, has_controls


@pytest.mark.parametrize("byte", range(256))
def test_the_same_control_characters_are_rejected_in_fields_trailers_and_reasons(byte: int) -> None:
    value = b"a%cb" % byte
    assert (ONE_FIELD.fullmatch(b"X:" + value + b"\r\n") is None) == has_controls(value)
    assert (STATUS_LINE.fullmatch(b"HTTP/1.1 200 " + value) is None) == has_controls(value)


@given(st.from_regex(REQUEST_LINE, fullmatch=True), st.sampled_from([b"\r\n", b"\n", b"\r", b"", b" \r\n", b"\r\r\n"]))
def test_a_request_line_ends_only_with_cr_lf(line: bytes, end: bytes) -> None:
    assert (ENDED_REQUEST_LINE.fullmatch(line + end) is not None) == (end == b"\r\n")
