"""Trace contexts in heads, in the formats of the W3C and of X-Ray."""

from __future__ import annotations

import pytest

from simulator.wire.http1.trace_context import TraceContext, parse_traceparent, parse_xray, traceparent_line, xray_line

TRACE = 0x4BF92F3577B34DA6A3CE929D0E0E4736
SPAN = 0x00F067AA0BA902B7
GOOD = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("value", "sampled"),
    [
        (GOOD, True),
        (GOOD[:-2] + b"00", False),
        (GOOD[:-2] + b"02", False),
        (GOOD[:-2] + b"03", True),
        (b"cc" + GOOD[2:] + b"-what the future will be like", True),
    ],
)
def test_a_valid_traceparent_is_parsed(value: bytes, sampled: bool) -> None:
    assert parse_traceparent(value) == TraceContext(TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"ff" + GOOD[2:],
        GOOD + b"-more",
        b"cc" + GOOD[2:] + b".more",
        GOOD.upper(),
        GOOD + b" ",
        GOOD + b", " + GOOD,
        GOOD[:-1],
        b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-" + b"0" * 16 + b"-01",
        b"00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
    ],
)
def test_a_malformed_traceparent_is_ignored(value: bytes) -> None:
    assert parse_traceparent(value) is None


@pytest.mark.parametrize(
    ("value", "sampled"),
    [
        (b"Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1", True),
        (b"Sampled=0; Self=1-x; Parent=00f067aa0ba902b7;Root=1-4bf92f35-77b34da6a3ce929d0e0e4736", False),
        (b"Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=?", None),
        (b"Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Lineage=a:b", None),
    ],
)
def test_a_valid_field_of_x_ray_is_parsed(value: bytes, sampled: bool | None) -> None:
    assert parse_xray(value) == TraceContext(TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Root=1-4bf92f35-77b34da6a3ce929d0e0e4736",
        b"Root=2-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7",
        b"Root=1-4bf92f35-77b34da6a3ce929d0e0e47;Parent=00f067aa0ba902b7",
        b"Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=0",
    ],
)
def test_an_x_ray_field_without_root_or_parent_is_ignored(value: bytes) -> None:
    assert parse_xray(value) is None


@pytest.mark.parametrize("sampled", [True, False])
def test_a_formatted_context_is_parsed_to_the_same_context(sampled: bool) -> None:
    for line, parse in (
        (traceparent_line(TRACE, 7, sampled=sampled), parse_traceparent),
        (xray_line(TRACE, 7, sampled=sampled), parse_xray),
    ):
        assert line.endswith(b"\r\n")
        assert parse(line[:-2].partition(b": ")[2]) == TraceContext(TRACE, 7, sampled)
