"""Web ACLs: order, actions, labels, responses and rates of requests."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.rules.waf.json_node import WebAclError
from simulator.rules.waf.web_acl import DEFAULT_ACTION, WafAction
from simulator.rules.waf.web_request import WebRequest
from tests.rules.waf.acls import acl, byte_match, referring, rule, rule_group

PATH: dict[str, Any] = {"UriPath": {}}
ADMIN = byte_match(b"/admin", PATH, at="STARTS_WITH")


def get(target: bytes = b"/admin", client: str = "203.0.113.9", *fields: tuple[bytes, bytes]) -> WebRequest:
    return WebRequest(b"GET", target, fields, client)


def rate(**settings: Any) -> dict[str, Any]:
    return {"RateBasedStatement": {"Limit": 10, "AggregateKeyType": "IP", "EvaluationWindowSec": 60} | settings}


def test_the_first_terminating_rule_by_priority_decides() -> None:
    rules = acl(rule(ADMIN, "Block", "second", 7), rule(ADMIN, "Allow", "first", 3))

    verdict = rules.evaluate(get(), 0.0)

    assert (verdict.rule, verdict.action, verdict.blocked) == ("first", WafAction.ALLOW, None)


@pytest.mark.parametrize(("action", "blocked"), [("Allow", False), ("Block", True)])
def test_without_a_match_the_default_action_decides(action: str, blocked: bool) -> None:
    verdict = acl(rule(ADMIN), DefaultAction={action: {}}).evaluate(get(b"/"), 0.0)

    assert verdict.rule == DEFAULT_ACTION
    assert (verdict.blocked is not None) is blocked


def test_a_counting_rule_does_not_end_the_evaluation_and_is_reported() -> None:
    rules = acl(rule(ADMIN, "Count", "counts", 0), rule(ADMIN, "Challenge", "asks", 1), rule(ADMIN, "Block", "b", 2))

    verdict = rules.evaluate(get(), 0.0)

    assert verdict.passed == (("counts", WafAction.COUNT), ("asks", WafAction.NOT_EVALUATED))
    assert verdict.rule == "b"
    assert rules.gaps == ("WebACL.Rules[1].Action: Challenge",)


def test_a_custom_response_has_its_status_body_and_fields() -> None:
    custom = {
        "CustomResponse": {
            "ResponseCode": 418,
            "CustomResponseBodyKey": "tea",
            "ResponseHeaders": [{"Name": "X-Why", "Value": "waf"}],
        }
    }
    bodies = {"tea": {"ContentType": "APPLICATION_JSON", "Content": '{"a":1}'}}

    verdict = acl(rule(ADMIN, Action={"Block": custom}), CustomResponseBodies=bodies).evaluate(get(), 0.0)

    assert verdict.blocked is not None
    assert (verdict.blocked.status, verdict.blocked.body) == (418, '{"a":1}')
    assert verdict.blocked.fields == (("content-type", "application/json"), ("X-Why", "waf"))


def blocked(rules: Any, *requests: WebRequest, at_s: float) -> list[bool]:
    return [rules.evaluate(each, at_s).blocked is not None for each in requests]


def test_a_rate_is_by_client_within_its_scope() -> None:
    rules = acl(rule(rate(ScopeDownStatement=ADMIN)))
    for _ in range(20):
        rules.evaluate(get(client="10.0.0.1"), 1.0)
        rules.evaluate(get(b"/other", client="10.0.0.2"), 1.0)

    again = (get(client="10.0.0.1"), get(b"/other", "10.0.0.1"), get(client="10.0.0.2"))

    assert blocked(rules, *again, at_s=11.0) == [True, False, False]


def test_a_rate_by_forwarded_address_falls_back_as_configured() -> None:
    config = {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "MATCH"}
    rules = acl(rule(rate(AggregateKeyType="FORWARDED_IP", ForwardedIPConfig=config)))
    busy = get(b"/", "10.0.0.1", (b"x-forwarded-for", b"192.0.2.1, 10.1.1.1"))
    for _ in range(20):
        rules.evaluate(busy, 1.0)

    invalid = get(b"/", "10.0.0.1", (b"x-forwarded-for", b"unknown"))

    assert blocked(rules, busy, invalid, get(b"/", "10.0.0.1"), at_s=11.0) == [True, True, False]


def test_a_rate_by_constant_key_is_of_all_requests_in_scope() -> None:
    rules = acl(rule(rate(AggregateKeyType="CONSTANT", ScopeDownStatement=ADMIN)))
    for number in range(20):
        rules.evaluate(get(client=f"10.0.0.{number}"), 1.0)

    assert blocked(rules, get(client="10.9.9.9"), get(b"/", "10.0.0.1"), at_s=11.0) == [True, False]


def test_custom_keys_are_combined_and_a_request_without_one_is_not_counted() -> None:
    none = [{"Priority": 0, "Type": "LOWERCASE"}]
    keys = [{"HTTPMethod": {}}, {"QueryArgument": {"Name": "user", "TextTransformations": none}}]
    rules = acl(rule(rate(AggregateKeyType="CUSTOM_KEYS", CustomKeys=keys)))
    for _ in range(20):
        rules.evaluate(get(b"/?user=Ann"), 1.0)
        rules.evaluate(get(b"/"), 1.0)

    again = (get(b"/?USER=ann"), get(b"/?user=bob"), get(b"/"))

    assert blocked(rules, *again, at_s=11.0) == [True, False, False]


USERS = byte_match(b"/admin/users", PATH, at="STARTS_WITH")
INSERTS = {"CustomRequestHandling": {"InsertHeaders": [{"Name": "trust", "Value": "low"}]}}


@pytest.mark.parametrize(
    ("reference", "decided", "passed"),
    [
        (referring(), "group/b", (("group/a", WafAction.COUNT),)),
        (referring(override="Count"), "last", (("group/a", WafAction.COUNT), ("group", WafAction.COUNT))),
        (
            referring(ExcludedRules=[{"Name": "b"}]),
            "last",
            (("group/a", WafAction.COUNT), ("group/b", WafAction.COUNT)),
        ),
        (referring(RuleActionOverrides=[{"Name": "a", "ActionToUse": {"Allow": {}}}]), "group/a", ()),
        (
            referring(RuleActionOverrides=[{"Name": "b", "ActionToUse": {"Count": {}}}]),
            "last",
            (("group/a", WafAction.COUNT), ("group/b", WafAction.COUNT)),
        ),
    ],
)
def test_rules_of_a_group_are_evaluated_in_its_place_with_the_actions_that_the_reference_sets(
    reference: dict[str, Any], decided: str, passed: tuple[tuple[str, WafAction], ...]
) -> None:
    group = rule_group(rule(ADMIN, "Block", "b", 1), rule(ADMIN, "Count", "a", 0))
    rules = acl(reference, rule(ADMIN, "Allow", "last", 9), beside=(group,))

    verdict = rules.evaluate(get(), 0.0)

    assert (verdict.rule, verdict.passed) == (decided, passed)
    assert rules.evaluate(get(b"/"), 0.0).rule == DEFAULT_ACTION


def test_labels_of_a_group_are_seen_by_later_rules_under_the_groups_name() -> None:
    label = {"LabelMatchStatement": {"Scope": "LABEL", "Key": "awswaf:123456789012:rulegroup:common:admin"}}
    group = rule_group(rule(ADMIN, "Count", "a", RuleLabels=[{"Name": "admin"}]))
    rules = acl(referring(), rule(label, "Block", "labelled", 5), beside=(group,))

    assert rules.evaluate(get(), 0.0).rule == "labelled"
    assert rules.evaluate(get(b"/"), 0.0).rule == DEFAULT_ACTION


def test_fields_are_inserted_by_every_matching_rule_of_an_allowed_request_only() -> None:
    counts, blocks = rule(ADMIN, name="c", Action={"Count": INSERTS}), rule(USERS, "Block", "b", 1)
    default = {"Allow": {"CustomRequestHandling": {"InsertHeaders": [{"Name": "seen", "Value": "yes"}]}}}
    rules = acl(counts, blocks, DefaultAction=default)

    assert rules.evaluate(get(), 0.0).inserted == ((b"x-amzn-waf-trust", b"low"), (b"x-amzn-waf-seen", b"yes"))
    assert rules.evaluate(get(b"/"), 0.0).inserted == ((b"x-amzn-waf-seen", b"yes"),)
    assert rules.evaluate(get(b"/admin/users"), 0.0).inserted == ()


@pytest.mark.parametrize(
    ("reference", "beside", "message"),
    [
        (referring(), (), "must be the ARN of a rule group that is given too: there is none"),
        (referring(ExcludedRules=[{"Name": "ab"}]), None, 'ExcludedRules[0].Name = "ab", must be one of a'),
        (referring(override="Block"), None, "OverrideAction.Block = {}, must be left out"),
        ({**referring(), "OverrideAction": None}, None, "must be given with an OverrideAction"),
        (
            rule({"NotStatement": {"Statement": referring()["Statement"]}}),
            None,
            "must be at the top of a rule of a web",
        ),
        (referring(), (rule_group(referring()),), "must be at the top of a rule of a web"),
        (referring(), (rule_group(rule(ADMIN, name="x"), rule(ADMIN)),), "must be of another Priority than 'x', 0"),
    ],
)
def test_an_error_in_a_rule_group_names_its_place(
    reference: dict[str, Any], beside: tuple[dict[str, Any], ...] | None, message: str
) -> None:
    with pytest.raises(WebAclError) as caught:
        acl(reference, beside=(rule_group(rule(ADMIN, name="a")),) if beside is None else beside)
    assert message in str(caught.value)
