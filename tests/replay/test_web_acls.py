"""Web ACLs of a scenario's services: what they block on either clock, and what the records contain about it."""

from __future__ import annotations

import io
from collections import Counter
from csv import DictReader
from pathlib import Path

import pytest

from simulator.edge.live.live_settings import LiveSettings
from simulator.lab.compiled.compiled_backend import why_not
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord, build_report
from simulator.report.schema import Report
from simulator.report.serialization import report_json
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.traffic.web_requests import LOOPBACK

ACL = """
      DefaultAction: {Allow: {}}
      Rules:
        - Name: no-admin
          Priority: 0
          Action: {Block: {}}
          Statement:
            ByteMatchStatement:
              SearchString: L2FkbWlu
              PositionalConstraint: STARTS_WITH
              FieldToMatch: {UriPath: {}}
              TextTransformations: [{Priority: 0, Type: LOWERCASE}]
        - Name: posted
          Priority: 1
          Action: {Block: {CustomResponse: {ResponseCode: 503}}}
          Statement:
            AndStatement:
              Statements:
                - ByteMatchStatement:
                    SearchString: UE9TVA==
                    PositionalConstraint: EXACTLY
                    FieldToMatch: {Method: {}}
                    TextTransformations: [{Priority: 0, Type: NONE}]
                - ByteMatchStatement:
                    SearchString: ZHJvcA==
                    PositionalConstraint: CONTAINS
                    FieldToMatch: {Body: {}}
                    TextTransformations: [{Priority: 0, Type: NONE}]
        - Name: agents
          Priority: 2
          Action: {Block: {CustomResponse: {ResponseCode: 429}}}
          Statement:
            ByteMatchStatement:
              SearchString: Ym90
              PositionalConstraint: CONTAINS
              FieldToMatch: {SingleHeader: {Name: user-agent}}
              TextTransformations: [{Priority: 0, Type: NONE}]
        - Name: too-many
          Priority: 3
          Action: {Block: {}}
          Statement: {RateBasedStatement: {Limit: 10, EvaluationWindowSec: 60, AggregateKeyType: IP}}
"""
ARRIVALS = 16


def scenario(traffic: str, checks: str = "[]", acl: str = ACL, duration: str = "40s") -> ScenarioSpec:
    return read_scenario(
        f"""
duration: {duration}
services:
  web:
    web_acl: {acl}
    application: {{simulated: {{io: 10ms}}}}
traffic: {traffic}
checks: {checks}
"""
    )


def played(spec: ScenarioSpec, state: Path | None = None) -> tuple[RunRecord, list[dict[str, str]]]:
    rows = io.StringIO()
    live = None if state is None else LiveSettings(state, https_port=0, http_port=0)
    record = play(Run(spec, live, csv=rows))
    return record, list(DictReader(io.StringIO(rows.getvalue())))


KINDS = """
  - {name: admin, at_once: {requests: 4, at: 100ms}, requests: [{path: "/Admin?x=1"}], addresses: 192.0.2.1}
  - {name: posts, at_once: {requests: 4, at: 100ms}, addresses: 192.0.2.2,
     requests: [{method: POST, body: "please drop"}]}
  - {name: bots, at_once: {requests: 4, at: 100ms}, requests: [{headers: {User-Agent: a bot}}], addresses: 192.0.2.3}
  - {name: people, at_once: {requests: 4, at: 100ms}, requests: [{method: POST, body: "please"}], addresses: 192.0.2.4}
"""
EXPECTED = {
    ("admin", "403", "no-admin"): 4,
    ("posts", "503", "posted"): 4,
    ("bots", "429", "agents"): 4,
    ("people", "200", ""): 4,
}


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_rules_inspect_method_path_header_fields_and_body_on_both_clocks(clock: str, tmp_path: Path) -> None:
    record, rows = played(scenario(KINDS, duration="300ms"), tmp_path if clock == "real" else None)
    assert Counter((row["source"], row["status"], row["blocked_by"]) for row in rows) == EXPECTED
    report = build_report(record)
    requests = report.requests
    # Statuses set by a web ACL are neither rejections nor failures of the service.
    assert (requests.served, requests.rejected, requests.failed, requests.blocked) == (4, 0, 0, 12)
    assert requests.latency.count == 4
    assert sum(report.services[0].series.blocked) == 12
    assert report.web_acls[0].blocked_by == {"no-admin": 4, "posted": 4, "agents": 4}
    assert {(rule.rule, rule.action): rule.requests for rule in report.web_acls[0].rules} == {
        ("no-admin", "block"): 4,
        ("posted", "block"): 4,
        ("agents", "block"): 4,
        ("Default_Action", "allow"): 4,
    }


ADDRESSES = """
  - {name: one, clock: {rate: 5/s}, addresses: 192.0.2.1}
  - {name: many, clock: {rate: 5/s}, addresses: [198.51.100.0/24, "2001:db8::/64"]}
"""


def test_rates_are_counted_by_the_address_of_each_client() -> None:
    record, rows = played(scenario(ADDRESSES))
    blocked = Counter(row["source"] for row in rows if row["blocked_by"] == "too-many")
    # 5 requests/s from one address are allowed until the check at 10 s, which finds 50, above the limit of 10.
    assert blocked == {"one": 150}
    assert record.stats_by_source.whole([0]).served == 50


def test_the_pool_and_the_policy_get_only_allowed_requests() -> None:
    record, _ = played(scenario(ADDRESSES))
    arrivals = sum(row.served for row in [build_report(record).requests])
    assert arrivals == 400 - 150
    assert record.services[0].web_acl == "web-acl"


USERS = """
  - {name: users, closed: {users: 2, think_time: 1s}, addresses: [192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4]}
  - {name: sessions, clock: {rate: 1/s}, addresses: 203.0.113.0/24,
     session: [{path: /a, think_time: 10ms}, {path: /b}]}
"""


def test_a_user_keeps_its_address() -> None:
    seen: dict[str, Counter[str]] = {}
    _, rows = played(scenario(USERS, duration="60s"))
    for row in rows:
        seen.setdefault(row["source"], Counter())[row["blocked_by"]] += 1
    # Each of the two users sends at most one request per second, so it passes 10 in its minute and is then blocked;
    # requests at random from four addresses would pass as many without a block.
    assert seen["users"]["too-many"] > 60
    assert seen["sessions"] == {"": 120}


def test_checks_may_limit_blocked_requests_and_requests_of_a_rule() -> None:
    checks = """
  - blocked_ratio == 75 %
  - "admin: blocked_ratio{rule:no-admin} == 100 %"
  - "blocked_ratio{rule:posted} == 25 %"
  - "people: blocked_ratio == 0"
  - error_rate == 0
  - "blocked_ratio > 70 % for 100 % of the time"
"""
    record, _ = played(scenario(KINDS, checks, duration="300ms"))
    report = build_report(record)
    assert [(check.text, check.passed) for check in report.checks if not check.passed] == []
    assert report.passed


def test_parts_of_a_web_acl_that_cannot_be_evaluated_are_in_the_event_log() -> None:
    acl = """{DefaultAction: {Block: {}}, Rules: [{Name: geo, Priority: 0, Action: {Allow: {}},
             Statement: {GeoMatchStatement: {CountryCodes: [NL]}}}]}"""
    record, rows = played(scenario("[{clock: {rate: 1/s}}]", acl=acl, duration="3s"))
    assert {row["blocked_by"] for row in rows} == {"Default_Action"}
    events = build_report(record).services[0].events
    assert any(event.line.startswith("Web ACL web-acl: not evaluated: ") for event in events)


def test_a_run_without_a_web_acl_has_an_unchanged_report() -> None:
    spec = read_scenario("{duration: 2s, services: {web: {application: {simulated: {io: 1ms}}}}, traffic: []}")
    assert "blocked" not in report_json(build_report(play(Run(spec))))
    kept = report_json(build_report(played(scenario(KINDS, duration="300ms"))[0]))
    assert Report.model_validate_json(kept).requests.blocked == 12


def test_the_compiled_backend_does_not_support_web_acls() -> None:
    assert why_not(scenario("[{clock: {rate: 1/s}}]")) == "a web ACL is evaluated on its requests"


def test_two_runs_have_separate_counts() -> None:
    spec = scenario(ADDRESSES)
    assert played(spec)[1] == played(spec)[1]


def test_clients_without_an_address_have_that_of_this_machine() -> None:
    acl = f"""[{{IPSet: {{ARN: "arn:aws:wafv2:us-east-1:123456789012:regional/ipset/own/1", IPAddressVersion: IPV4,
               Addresses: [{LOOPBACK}/32]}}}}, {{DefaultAction: {{Allow: {{}}}}, Rules: [{{Name: own, Priority: 0,
               Action: {{Block: {{}}}}, Statement: {{IPSetReferenceStatement: {{ARN:
               "arn:aws:wafv2:us-east-1:123456789012:regional/ipset/own/1"}}}}}}]}}]"""
    _, rows = played(scenario("[{clock: {rate: 1/s}}]", acl=acl, duration="3s"))
    assert [row["blocked_by"] for row in rows] == ["own"] * 3
