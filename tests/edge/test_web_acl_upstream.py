"""A web ACL before a pool: blocked requests do not reach the pool, and bodies are inspected before the pool
gets them.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from simulator.edge.access_log import LineLog, ObservedLog
from simulator.edge.access_log_entry import AccessLogEntry, json_line
from simulator.edge.web_acl_upstream import WebAclUpstream, waf_line
from simulator.records.journal import Journal
from simulator.rules.waf.log_document import WafRecord
from simulator.rules.waf.web_acl import WebAcl
from tests.edge.front import HOST, OK, Front, body_of, request, status_of, values_of
from tests.rules.waf.acls import IPS, acl, address_set, byte_match, rule

ADMIN = rule(byte_match(b"/admin", {"UriPath": {}}, at="STARTS_WITH"), name="admin")
DROP = rule(byte_match(b"drop", {"Body": {}}, "LOWERCASE"), name="drop", priority=1)


def protected(given: WebAcl, **settings: Any) -> tuple[Front, WebAclUpstream]:
    front = Front(**settings)
    upstream = WebAclUpstream(given, lambda: front.upstream, Counter(), lambda: front.now_s)
    front.gateway.add(HOST.decode(), upstream)
    return front, upstream


def test_an_allowed_request_is_served_and_a_blocked_one_reaches_no_pool() -> None:
    front, upstream = protected(acl(ADMIN))

    front.send(request(target=b"/admin/users"))
    blocked = front.received()
    front.send(request(target=b"/shop"))
    front.answer(OK)

    assert (status_of(blocked), body_of(blocked)) == (403, b"Forbidden")
    assert values_of(blocked, b"server") == [b"envoy"]
    assert status_of(front.received()) == 200  # on the same connection
    assert (front.upstream.offered, front.upstream.finished) == (1, 1)
    assert upstream.counts == {("admin", "block"): 1, ("Default_Action", "allow"): 1}


def test_a_custom_response_of_the_web_acl_is_sent() -> None:
    custom = {
        "CustomResponse": {
            "ResponseCode": 429,
            "CustomResponseBodyKey": "slow",
            "ResponseHeaders": [{"Name": "retry-after", "Value": "60"}],
        }
    }
    bodies = {"slow": {"ContentType": "APPLICATION_JSON", "Content": '{"slow":true}'}}
    front, _ = protected(acl({**ADMIN, "Action": {"Block": custom}}, CustomResponseBodies=bodies))

    front.send(request(target=b"/admin"))
    answer = front.received()

    assert (status_of(answer), body_of(answer)) == (429, b'{"slow":true}')
    assert values_of(answer, b"content-type") == [b"application/json"]
    assert values_of(answer, b"retry-after") == [b"60"]
    assert values_of(answer, b"content-length") == [b"13"]


def test_the_address_and_the_fields_of_the_client_are_inspected_unchanged() -> None:
    host = byte_match(HOST, {"SingleHeader": {"Name": "host"}}, at="EXACTLY")
    agent = byte_match(b"bot", {"SingleHeader": {"Name": "user-agent"}}, "LOWERCASE")
    both = {"AndStatement": {"Statements": [host, agent, {"IPSetReferenceStatement": {"ARN": IPS}}]}}
    front, _ = protected(acl(rule(both), beside=(address_set("192.0.2.7/32"),)))

    front.send(request(b"GET", b"/", b"User-Agent: BadBot/1"))

    assert status_of(front.received()) == 403


@pytest.mark.parametrize("pieces", [1, 3, 1000])
def test_a_body_is_inspected_before_the_pool_gets_the_request(pieces: int) -> None:
    front, _ = protected(acl(ADMIN, DROP))
    body = b"please DROP the table" * 20
    whole = request(b"POST", b"/", b"Content-Length: %d" % len(body), body=body)
    step = max(1, len(whole) // pieces)

    for at in range(0, len(whole), step):
        assert front.upstream.offered == 0
        front.send(whole[at : at + step])

    assert status_of(front.received()) == 403
    assert front.upstream.offered == 0


@pytest.mark.parametrize("chunked", [False, True])
def test_an_allowed_body_arrives_complete(chunked: bool) -> None:
    front, _ = protected(acl(DROP))
    body = bytes(range(256)) * 200  # more than is inspected
    if chunked:
        front.send(request(b"POST", b"/", b"Transfer-Encoding: chunked"))
        for at in range(0, len(body), 1000):
            front.send(b"%x\r\n%b\r\n" % (len(body[at : at + 1000]), body[at : at + 1000]))
        front.send(b"0\r\n\r\n")
    else:
        front.send(request(b"POST", b"/", b"Content-Length: %d" % len(body)))
        for at in range(0, len(body), 1000):
            front.send(body[at : at + 1000])
    forwarded = body_of(front.forwarded())
    front.answer(OK)

    assert front.upstream.offered == 1
    if not chunked:
        assert forwarded == body
    assert status_of(front.received()) == 200


def test_bytes_after_the_inspected_part_matter_only_by_the_oversize_handling_of_the_rule() -> None:
    late = b"." * 16384 + b"drop"
    for oversize, offered in (("CONTINUE", 1), ("MATCH", 0), ("NO_MATCH", 1)):
        front, _ = protected(acl(rule(byte_match(b"drop", {"Body": {"OversizeHandling": oversize}}))))
        front.send(request(b"POST", b"/", b"Content-Length: %d" % len(late), body=late))

        assert front.upstream.offered == offered, oversize


def test_a_client_that_waits_for_100_gets_it_and_its_body_is_inspected() -> None:
    front, _ = protected(acl(DROP))

    front.send(request(b"POST", b"/", b"Content-Length: 4", b"Expect: 100-continue"))
    interim = front.received()
    front.send(b"drop")

    assert status_of(interim) == 100
    assert status_of(front.received()) == 403


def test_a_request_whose_client_disconnects_before_its_body_is_complete_is_abandoned() -> None:
    front, upstream = protected(acl(DROP))

    front.send(request(b"POST", b"/", b"Content-Length: 4", body=b"dr"))
    front.client.lose()

    assert (front.upstream.offered, front.upstream.abandoned) == (0, 0)
    assert not upstream._held


def test_a_body_that_does_not_end_in_time_is_rejected() -> None:
    front, upstream = protected(acl(DROP))

    front.send(request(b"POST", b"/", b"Content-Length: 4000", body=b"."))
    for _ in range(20):
        front.wait(front.limits.body_idle_s - 1)
        front.send(b".")

    assert status_of(front.received()) == 504
    assert (front.upstream.offered, len(upstream._held)) == (0, 0)


def test_a_blocked_request_is_in_the_access_log_with_its_cause() -> None:
    entries: list[AccessLogEntry] = []
    front, _ = protected(acl(ADMIN))
    front.gateway.access_log = ObservedLog(entries.append, None)

    front.send(request(target=b"/admin?a=1"))

    (line,) = [json.loads(json_line(each, 0.0)) for each in entries]
    assert (line["status"], line["cause"], line["flags"]) == (403, "blocked by web ACL", "UAEX")
    assert (line["path"], line["instance"]) == ("/admin?a=1", None)


def test_inserted_fields_reach_the_application_in_place_of_those_of_the_client() -> None:
    handling = {"CustomRequestHandling": {"InsertHeaders": [{"Name": "Trust", "Value": "low"}]}}
    front, _ = protected(acl({**ADMIN, "Action": {"Count": handling}}))

    front.send(request(b"GET", b"/admin", b"X-Amzn-Waf-Trust: high", b"X-Other: kept"))
    forwarded = front.forwarded()

    assert values_of(forwarded, b"x-amzn-waf-trust") == [b"low"]
    assert values_of(forwarded, b"x-other") == [b"kept"]


@pytest.mark.parametrize("tells", [True, False])
def test_responses_with_server_timing_name_the_rule_that_blocked_the_request(tells: bool) -> None:
    front, _ = protected(acl(ADMIN), server_timing=tells)
    front.send(request(b"GET", b"/admin"))
    assert values_of(front.received(), b"server-timing") == ([b'waf;desc="admin"'] if tells else [])


async def test_each_evaluation_is_a_line_of_the_log_and_an_event_of_the_journal(tmp_path: Path) -> None:
    told: list[WafRecord] = []
    journal = Journal()
    journal.subscribe(WafRecord, told.append)
    path = tmp_path / "waf.log"
    with path.open("wb", buffering=0) as file:
        log = LineLog(file, waf_line, lambda: 1_796_000_000.0)
        front = Front()
        upstream = WebAclUpstream(acl(ADMIN), lambda: front.upstream, Counter(), lambda: 0.0, journal, log)
        front.gateway.add(HOST.decode(), upstream)
        front.send(request(b"GET", b"/admin"))
        front.send(request(b"GET", b"/"))
        front.answer(OK)
        await log.close()
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(line["action"], line["httpRequest"]["uri"]) for line in lines] == [("BLOCK", "/admin"), ("ALLOW", "/")]
    assert [each.verdict.rule for each in told] == ["admin", "Default_Action"]
