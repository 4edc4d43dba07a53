from __future__ import annotations

import json
from typing import Any

import pytest

from simulator.edge.access_log_entry import CLIENT_GONE, AccessLogEntry, envoy_line, json_line, own_entry
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.times import LoopTime
from simulator.wire.http1.request import PLAIN_FIELDS, read_request
from tests.edge.front import HOST, request

OFFSET_S = 1_796_000_000.0


def entry(*lines: bytes, target: bytes = b"/a?b", **others: Any) -> AccessLogEntry:
    head = read_request(request(b"GET", target, *lines), DataPlaneLimits())
    whole = AccessLogEntry(
        head,
        peer=b"192.0.2.7",
        status=200,
        cause="",
        arrived_s=LoopTime(10.0),
        begun_s=LoopTime(12.5),
        answered_s=LoopTime(12.75),
        ended_s=LoopTime(13.0),
        cold_s=2.0,
        received_bytes=3,
        sent_bytes=42,
        instance=7,
        upstream="127.0.0.1:8080",
        added=b"x-forwarded-proto: https\r\nx-request-id: abc\r\n",
    )
    return whole._replace(**others)


def told(line: bytes) -> dict[str, Any]:
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    value: dict[str, Any] = json.loads(line)
    return value


def test_json_has_the_parts_of_the_latency() -> None:
    line = told(json_line(entry(), OFFSET_S))
    times = {key: value for key, value in line.items() if key.endswith("_ms")}
    assert times == {"total_ms": 3000.0, "queue_ms": 500.0, "cold_ms": 2000.0, "upstream_ms": 250.0}


def test_json_has_client_request_and_instance() -> None:
    line = told(json_line(entry(b'User-Agent: a"b\\c\xe9'), OFFSET_S))
    assert line["time"] == "2026-11-30T00:53:30.000Z"
    assert (line["method"], line["path"], line["protocol"]) == ("GET", "/a?b", "HTTP/1.1")
    assert (line["host"], line["client"], line["user_agent"]) == (HOST.decode(), "192.0.2.7", 'a"b\\c\xe9')
    assert (line["status"], line["flags"], line["cause"]) == (200, "-", None)
    assert (line["received_bytes"], line["sent_bytes"]) == (3, 42)
    assert (line["instance"], line["upstream"], line["request_id"]) == (7, "127.0.0.1:8080", "abc")


def test_the_envoy_format_is_the_default_format_of_envoy() -> None:
    line = envoy_line(entry(b"User-Agent: curl/8", b"X-Forwarded-For: 10.0.0.1"), OFFSET_S)
    assert line == (
        b'[2026-11-30T00:53:30.000Z] "GET /a?b HTTP/1.1" 200 - 3 42 3000 250 "10.0.0.1, 192.0.2.7" "curl/8" "abc" '
        b'"' + HOST + b'" "127.0.0.1:8080"\n'
    )


def test_a_client_cannot_forge_fields_of_the_envoy_format() -> None:
    line = envoy_line(entry(b'User-Agent: x" "forged', target=b'/"\\'), OFFSET_S)
    assert b'"x\\" \\"forged"' in line
    assert b'"GET /\\"\\\\ HTTP/1.1"' in line


@pytest.mark.parametrize(
    ("cause", "flag"), [("overflow", b"UO"), ("connect failure", b"UF"), ("timeout", b"UT"), (CLIENT_GONE, b"DC")]
)
def test_causes_have_the_response_flags_of_envoy(cause: str, flag: bytes) -> None:
    assert b'HTTP/1.1" 503 %b 3 42' % flag in envoy_line(entry(status=503, cause=cause), OFFSET_S)


def test_a_request_that_never_reached_an_instance_has_no_upstream() -> None:
    rejected = entry(begun_s=-1.0, answered_s=-1.0, cold_s=0.0, instance=0, upstream="", added=b"")
    line = told(json_line(rejected, OFFSET_S))
    assert (line["upstream_ms"], line["instance"], line["upstream"], line["request_id"]) == (None, None, None, None)
    assert line["queue_ms"] == 3000.0
    assert envoy_line(rejected, OFFSET_S).endswith(b' - "192.0.2.7" "-" "-" "%b" "-"\n' % HOST)


def test_a_malformed_head_is_logged() -> None:
    nothing = own_entry(None, b"192.0.2.7", 400, "request error", LoopTime(10.0), 21)
    assert told(json_line(nothing, OFFSET_S))["method"] is None
    assert b'"- - HTTP/1.1" 400 DPE 0 21 0 - ' in envoy_line(nothing, OFFSET_S)


def test_without_a_request_id_of_the_balancer_that_of_the_client_is_logged() -> None:
    head = read_request(request(b"GET", b"/", b"X-Request-Id: theirs"), DataPlaneLimits(), PLAIN_FIELDS)
    assert told(json_line(entry(request=head, added=b""), OFFSET_S))["request_id"] == "theirs"
