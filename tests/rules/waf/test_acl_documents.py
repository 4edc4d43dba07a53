"""Documents in AWS's form: every error has its place, the value, what is expected and the nearest valid word."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.rules.waf.acl_documents import read_web_acls
from simulator.rules.waf.json_node import WebAclError
from tests.rules.waf.acls import ARN, acl, address_set, byte_match, document, part, pattern_set, rule

PATH: dict[str, Any] = {"UriPath": {}}


def test_a_web_acl_as_the_cli_prints_it_is_read_with_its_document() -> None:
    given = document(rule(byte_match(b"a", PATH)))

    found = read_web_acls([("all.json", [given, address_set("192.0.2.0/24")])])

    assert list(found) == [ARN]
    assert (found[ARN].name, found[ARN].document) == ("shop", given["WebACL"])
    assert (found[ARN].body_bytes_max, found[ARN].needs_body) == (16384, False)


def test_the_limit_of_bodies_is_that_of_the_association() -> None:
    config = {"RequestBody": {"APP_RUNNER_SERVICE": {"DefaultSizeInspectionLimit": "KB_48"}}}

    found = acl(rule(byte_match(b"a", {"Body": {}})), AssociationConfig=config)

    assert (found.body_bytes_max, found.needs_body) == (48 * 1024, True)


def test_parts_that_cannot_be_evaluated_are_named_with_their_place() -> None:
    managed = {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}}
    given = rule(managed, OverrideAction={"None": {}})
    del given["Action"]

    assert acl(given).gaps == ("WebACL.Rules[0].Statement: ManagedRuleGroupStatement",)


def changed(**members: Any) -> dict[str, Any]:
    return document(**members)


def of(statement: dict[str, Any], **more: Any) -> dict[str, Any]:
    return document(rule(statement, **more))


def sought(text: str, at: str = "CONTAINS") -> dict[str, Any]:
    return {"ByteMatchStatement": {"SearchString": text, "PositionalConstraint": at, **part(PATH)}}


def pattern(text: str) -> dict[str, Any]:
    return {"RegexMatchStatement": {"RegexString": text, **part(PATH)}}


def rate(**settings: Any) -> dict[str, Any]:
    return {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP"} | settings}


STATEMENT = "a.json: WebACL.Rules[0].Statement"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "a.json: the document = {}, must be an object with one of WebACL, IPSet, RegexPatternSet, RuleGroup, as"),
        ({"WebAcl": {}}, "a.json: WebAcl = {}, must be left out: known are WebACL, IPSet,"),
        ({"WebAcl": {}}, "did you mean `WebACL`?"),
        (7, "a.json: the document = 7, must be an object"),
        (changed(ARN=None), "a.json: WebACL.ARN = nothing, must be given"),
        (changed(ARN="shop"), 'a.json: WebACL.ARN = "shop", must be a web ACL\'s ARN, such as arn:aws:wafv2:'),
        (changed(DefaultAction={"Deny": {}}), "a.json: WebACL.DefaultAction.Deny = {}, must be left out: known are"),
        (changed(Rules={}), "a.json: WebACL.Rules = {}, must be a list"),
        (of({"ByteMatchStatment": {}}), f"{STATEMENT}.ByteMatchStatment = {{}}, must be left out"),
        (of({"ByteMatchStatment": {}}), "did you mean `ByteMatchStatement`?"),
        (of(sought("Bad Bot")), 'SearchString = "Bad Bot", must be in base64, as the AWS CLI prints it; this text is'),
        (of(sought("Bad Bot")), "'QmFkIEJvdA=='"),
        (of(sought("YQ==", "CONTAIN")), '.PositionalConstraint = "CONTAIN", must be one of EXACTLY,'),
        (of(sought("YQ==", "CONTAIN")), "did you mean `CONTAINS`?"),
        (of(byte_match(b"a", {"SingleHeaders": {}})), "did you mean `SingleHeader`?"),
        (of(byte_match(b"a", PATH, "LOWER")), 'TextTransformations[0].Type = "LOWER", must be one of NONE, LOWERCASE'),
        (of(pattern("(a")), f'{STATEMENT}.RegexMatchStatement.RegexString = "(a", must be a regular expression that'),
        (of(pattern("(?=a)")), "must be a regular expression that AWS WAF supports (invalid perl operator: (?=)"),
        (of(pattern("a" * 513)), "must be at most 512 characters long"),
        (of(rate(Limit=9)), f"{STATEMENT}.RateBasedStatement.Limit = 9, must be a number from 10 to 2000000000"),
        (of(rate(EvaluationWindowSec=90)), "EvaluationWindowSec = 90, must be one of 60, 120, 300, 600"),
        (of(rate(AggregateKeyType="IPS")), 'AggregateKeyType = "IPS", must be one of IP, FORWARDED_IP'),
        (of(rate(AggregateKeyType="CONSTANT")), "must be given with ScopeDownStatement, which CONSTANT needs"),
        (of({"NotStatement": {"Statement": rate()}}), "must be at the top of its rule"),
        (of({"IPSetReferenceStatement": {"ARN": "x"}}), 'ARN = "x", must be the ARN of an IP set that is given too'),
        (of({"AndStatement": {"Statements": [rate()]}}), "Statements has 1 entries, must have at least 2"),
        (
            of({"LabelMatchStatement": {"Scope": "LABEL", "Key": "a:"}}),
            'Key = "a:", must be without a colon at its end',
        ),
        (
            of(byte_match(b"a", PATH), Action={"Block": {"CustomResponse": {"ResponseCode": 99}}}),
            "a.json: WebACL.Rules[0].Action.Block.CustomResponse.ResponseCode = 99, must be a number from 200 to 599",
        ),
        (
            of(
                byte_match(b"a", PATH),
                Action={
                    "Block": {
                        "CustomResponse": {
                            "ResponseCode": 403,
                            "ResponseHeaders": [{"Name": "a", "Value": "b\r\nc: d"}],
                        }
                    }
                },
            ),
            "must be printable ASCII",
        ),
        (
            document(rule(byte_match(b"a", PATH)), rule(byte_match(b"a", PATH), name="s")),
            "must be of another Priority than 'r', 0",
        ),
        (address_set("192.0.2.1"), 'Addresses[0] = "192.0.2.1", must be a range of IPV4 in CIDR notation'),
        (address_set("192.0.2.1/24"), "must be a range of IPV4 in CIDR notation without host bits"),
        (address_set("192.0.2.0/24", version="IPV6"), "such as 2001:db8::/32"),
        (pattern_set("["), "a.json: RegexPatternSet.RegularExpressionList[0].RegexString"),
        ([address_set("192.0.2.0/24")] * 2, "must be an ARN that no other document has"),
    ],
)
def test_an_error_names_place_value_and_expectation(given: Any, expected: str) -> None:
    with pytest.raises(WebAclError) as error:
        read_web_acls([("a.json", given)])

    assert expected in str(error.value)
