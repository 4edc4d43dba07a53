"""The length of a body."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.framing import content_length
from simulator.wire.http1.grammar import DIGITS


@given(
    st.one_of(
        st.from_regex(rb"[0-9]{0,20}", fullmatch=True), st.binary(max_size=20), st.text(max_size=9).map(str.encode)
    )
)
@example(b"9" * 18)
@example(b"9" * 19)
@example(b"1_0")
@example(b"\xb2")
@example("٣".encode())
def test_a_length_is_accepted_exactly_if_it_matches_the_grammar(value: bytes) -> None:
    try:
        length = content_length(value)
    except ProtocolError:
        assert DIGITS.fullmatch(value) is None
    else:
        assert DIGITS.fullmatch(value) is not None
        assert 0 <= length < 1 << 63


@pytest.mark.parametrize("status", [400, 502])
def test_a_bad_length_is_400_in_requests_and_502_in_responses(status: int) -> None:
    with pytest.raises(ProtocolError) as rejected:
        content_length(b"3, 3", status)
    assert rejected.value.status == status
