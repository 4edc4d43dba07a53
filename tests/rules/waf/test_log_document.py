"""AWS WAF's log entries and samples: the published fields, for each way in which an evaluation can end."""

from __future__ import annotations

from typing import Any

from simulator.rules.waf.log_document import WafRecord, log_document, metric_names, sample_document
from simulator.rules.waf.web_acl import WebAcl
from simulator.rules.waf.web_request import WebRequest
from tests.rules.waf.acls import ARN, GROUP, acl, byte_match, referring, rule, rule_group

AT_MS = 1_796_000_000_123
# The members of AWS's own examples of log entries, in their order.
PUBLISHED = [
    "timestamp",
    "formatVersion",
    "webaclId",
    "terminatingRuleId",
    "terminatingRuleType",
    "action",
    "terminatingRuleMatchDetails",
    "httpSourceName",
    "httpSourceId",
    "ruleGroupList",
    "rateBasedRuleList",
    "nonTerminatingMatchingRules",
    "requestHeadersInserted",
    "responseCodeSent",
    "httpRequest",
]


def record(given: WebAcl, target: bytes = b"/", body: bytes = b"", *, is_cut: bool = False) -> WafRecord:
    fields = ((b"host", b"shop"), (b"x-request-id", b"abc"))
    request = WebRequest(b"POST", target, fields, "203.0.113.9", body, is_cut=is_cut, minor=0)
    return WafRecord("shop", given, given.evaluate(request, 0.0), request, 12.5)


def logged(given: WebAcl, *args: Any, **settings: Any) -> dict[str, Any]:
    return log_document(record(given, *args, **settings), AT_MS)


def path(text: bytes, action: str, name: str, priority: int, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = rule(byte_match(text, {"UriPath": {}}), action, name=name, priority=priority, **more)
    return made


def test_an_entry_has_the_published_members_and_the_request() -> None:
    entry = logged(acl(path(b"/admin", "Block", "admin", 0)), b"/admin/a?b=c&d")
    assert list(entry) == PUBLISHED
    assert (entry["timestamp"], entry["webaclId"], entry["httpSourceName"]) == (AT_MS, ARN, "APPRUNNER")
    assert (entry["terminatingRuleId"], entry["terminatingRuleType"], entry["action"]) == ("admin", "REGULAR", "BLOCK")
    assert entry["httpRequest"] == {
        "clientIp": "203.0.113.9",
        "country": "-",
        "headers": [{"name": "host", "value": "shop"}, {"name": "x-request-id", "value": "abc"}],
        "uri": "/admin/a",
        "args": "b=c&d",
        "httpVersion": "HTTP/1.0",
        "httpMethod": "POST",
        "requestId": "abc",
    }


def test_the_default_action_ends_what_no_rule_ends() -> None:
    entry = logged(acl(path(b"/admin", "Block", "admin", 0)))
    assert (entry["terminatingRuleId"], entry["terminatingRuleType"], entry["action"]) == (
        "Default_Action",
        "REGULAR",
        "ALLOW",
    )


def test_an_entry_has_the_labels_of_counting_and_of_blocking_rules() -> None:
    labels = ({"RuleLabels": [{"Name": name}]} for name in ("seen", "ended"))
    given = acl(path(b"/", "Count", "seen", 0, **next(labels)), path(b"/a", "Block", "end", 1, **next(labels)))
    entry = logged(given, b"/a")
    assert entry["nonTerminatingMatchingRules"] == [{"ruleId": "seen", "action": "COUNT", "ruleMatchDetails": []}]
    namespace = "awswaf:123456789012:webacl:shop:"
    assert entry["labels"] == [{"name": f"{namespace}seen"}, {"name": f"{namespace}ended"}]


def test_a_rate_based_rule_is_named_with_its_limit() -> None:
    statement = {"RateBasedStatement": {"Limit": 10, "EvaluationWindowSec": 120, "AggregateKeyType": "IP"}}
    given = acl(rule(statement, name="many"))
    for _ in range(11):
        given.evaluate(WebRequest(b"GET", b"/", (), "203.0.113.9"), 5.0)
    request = WebRequest(b"GET", b"/", (), "203.0.113.9")
    entry = log_document(WafRecord("shop", given, given.evaluate(request, 15.0), request, 0.0), AT_MS)
    assert entry["terminatingRuleType"] == "RATE_BASED"
    assert entry["rateBasedRuleList"] == [
        {
            "rateBasedRuleId": "many",
            "rateBasedRuleName": "many",
            "limitKey": "IP",
            "maxRateAllowed": 10,
            "evaluationWindowSec": "120",
        }
    ]


def test_rules_of_a_group_are_in_the_list_of_groups() -> None:
    group = rule_group(path(b"/", "Count", "seen", 0), path(b"/a", "Block", "inner", 1))
    given = acl(referring(), beside=(group,))
    entry = logged(given, b"/a")
    assert (entry["terminatingRuleId"], entry["terminatingRuleType"]) == ("group", "GROUP")
    (listed,) = entry["ruleGroupList"]
    assert listed["ruleGroupId"] == GROUP
    assert listed["terminatingRule"] == {"ruleId": "inner", "action": "BLOCK", "ruleMatchDetails": None}
    assert [each["ruleId"] for each in listed["nonTerminatingMatchingRules"]] == ["seen"]
    assert entry["nonTerminatingMatchingRules"] == []
    assert sample_document(record(given, b"/a"), 0.0)["RuleNameWithinRuleGroup"] == "inner"


def test_an_entry_has_custom_responses_inserted_fields_and_cut_bodies() -> None:
    teapot = {"Action": {"Block": {"CustomResponse": {"ResponseCode": 418}}}}
    blocking = acl(path(b"/a", "Block", "tea", 0) | teapot)
    assert logged(blocking, b"/a")["responseCodeSent"] == 418
    assert sample_document(record(blocking, b"/a"), 0.0)["ResponseCodeSent"] == 418

    inserting = {"Allow": {"CustomRequestHandling": {"InsertHeaders": [{"Name": "seen", "Value": "1"}]}}}
    allowing = acl(path(b"/a", "Allow", "in", 0) | {"Action": inserting})
    entry = logged(allowing, b"/a", b"x" * 10, is_cut=True)
    assert entry["requestHeadersInserted"] == [{"name": "x-amzn-waf-seen", "value": "1"}]
    assert entry["oversizeFields"] == ["REQUEST_BODY"]
    assert entry["responseCodeSent"] is None


def test_a_sample_has_the_members_of_the_api() -> None:
    sample = sample_document(record(acl(path(b"/a", "Block", "a", 0)), b"/a?b=c"), 1_796_000_000.5)
    assert sample == {
        "Request": {
            "ClientIP": "203.0.113.9",
            "Country": "-",
            "URI": "/a?b=c",
            "Method": "POST",
            "HTTPVersion": "HTTP/1.0",
            "Headers": [{"Name": "host", "Value": "shop"}, {"Name": "x-request-id", "Value": "abc"}],
        },
        "Weight": 1,
        "Timestamp": 1_796_000_000.5,
        "Action": "BLOCK",
    }


def test_requests_are_sampled_by_metric_unless_the_rule_disables_it() -> None:
    quiet = {"VisibilityConfig": {"SampledRequestsEnabled": False, "MetricName": "quiet"}}
    loud = {"VisibilityConfig": {"SampledRequestsEnabled": True, "MetricName": "loud"}}
    given = acl(path(b"/", "Count", "a", 0, **quiet), path(b"/", "Count", "b", 1, **loud))
    assert metric_names(given) == ["quiet", "loud", "m"]
    assert record(given).metric_names == ["m", "loud"]
