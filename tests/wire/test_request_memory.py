"""Caches of request heads must have no visible effect: each head is handled as if it were the first."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.http1 import request as request_file
from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.fields import ENTRY_BYTES_MAX, FieldTable
from simulator.wire.http1.request import ENVOY_FIELDS, PLAIN_FIELDS, RequestHead, read_request

LIMITS: Final = replace(DataPlaneLimits(), head_fields_max=6)
Judged = tuple[object, ...]


def judge(head: bytes, table: FieldTable) -> Judged:
    """Return the rejection of a head, or the properties of the request and the forwarded head."""
    try:
        request = read_request(head, LIMITS, table)
    except ProtocolError as rejected:
        return rejected.status, rejected.why
    known = (getattr(request, name) for name in RequestHead.__slots__)
    return (*known, request.forward(b"192.0.2.7", b""))


def cold(table: FieldTable) -> FieldTable:
    request_file._HOSTS.clear()
    return FieldTable(table.keys)


LINES: Final = st.one_of(
    st.sampled_from(
        [
            b"Host: a.example",
            b"host:a.example:80 ",
            b"Host: a b",
            b"Connection: keep-alive",
            b"Connection: close, Accept",
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Accept: */*",
            b"Accept: \x00",
            b"X-A: 1\t",
            b"X-A: \r",
            b"Content-Length: 3",
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: gzip",
            b"Expect: 100-continue",
            b"Expect: 200-ok",
            b"Max-Forwards: 3",
            b"TE: trailers",
            b"X-Forwarded-For: 10.0.0.1",
            b"X-Request-Id: mine",
            b"Forwarded: for=1",
            b" folded",
        ]
    ),
    st.binary(max_size=8),
)
STARTS: Final = st.sampled_from(
    [b"GET / HTTP/1.1"] * 4 + [b"GET / HTTP/1.0", b"OPTIONS http://b HTTP/1.1", b"GET / HTTP/2.0", b"GET  / HTTP/1.1"]
)
HEADS: Final = st.builds(
    lambda start, hosts, lines: b"\r\n".join((start, *hosts, *lines, b"", b"")),
    STARTS,
    st.sampled_from([(b"Host: a.example",)] * 3 + [()]),
    st.lists(LINES, max_size=6),
)


@pytest.mark.parametrize("table", [ENVOY_FIELDS, PLAIN_FIELDS], ids=["envoy", "plain"])
@given(heads=st.lists(HEADS, max_size=5))
def test_cached_and_new_parts_of_a_request_head_have_the_same_results(table: FieldTable, heads: list[bytes]) -> None:
    alone = [judge(head, cold(table)) for head in heads]
    warm = FieldTable(table.keys, lines_max=5)  # so few that the caches are cleared, in the middle of a head
    request_file._HOSTS.clear()
    assert [judge(head, warm) for head in heads + heads] == alone + alone


GOOD: Final = b"GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nX-A: b\r\nContent-Length: 0\r\nUpgrade: x\r\n\r\n"


@pytest.mark.parametrize("control", [byte for byte in (*range(0x20), 0x7F) if byte != 0x09])
def test_a_control_character_in_a_head_is_rejected_in_spite_of_cached_lines(control: int) -> None:
    assert judge(GOOD, ENVOY_FIELDS)[0] != 400
    for at in range(len(GOOD) - 3):
        assert judge(GOOD[:at] + bytes([control]) + GOOD[at:], ENVOY_FIELDS)[0] == 400, at


def test_a_head_with_too_many_fields_is_not_cached() -> None:
    table = FieldTable(ENVOY_FIELDS.keys)
    fields = b"".join(b"Accept: %d\r\n" % number for number in range(LIMITS.head_fields_max))
    assert judge(b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n", table)[0] == 431
    assert not table._lines
    assert not table._names


def test_only_valid_hosts_are_cached_and_not_without_limit() -> None:
    hosts = request_file._HOSTS
    hosts.clear()
    most = 0
    for number in range(3000):
        judge(b"GET / HTTP/1.1\r\nHost: a%d\r\n\r\n" % number, ENVOY_FIELDS)
        most = max(most, len(hosts))
    assert most == 1024
    hosts.clear()
    for host in (b"a/b", b"u@a", b"a:65536", b"", b"a" * (ENTRY_BYTES_MAX + 1)):
        judge(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host, ENVOY_FIELDS)
    assert not hosts
