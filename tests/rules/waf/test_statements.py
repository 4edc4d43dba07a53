"""Each kind of statement: a table of statement, request and whether it matches."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.rules.waf.web_acl import WafAction
from simulator.rules.waf.web_request import WebRequest
from tests.rules.waf.acls import IPS, PATTERNS, acl, address_set, byte_match, part, pattern_set, rule

PATH: dict[str, Any] = {"UriPath": {}}
QUERY: dict[str, Any] = {"QueryString": {}}
METHOD: dict[str, Any] = {"Method": {}}
BODY: dict[str, Any] = {"Body": {}}
AGENT = {"SingleHeader": {"Name": "User-Agent"}}
SETS = (address_set("192.0.2.0/24", "198.51.100.7/32"), pattern_set("^/adm[a-z]+", "secret$"))
FORWARDED = {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "MATCH"}


def request(
    target: bytes = b"/", *, method: bytes = b"GET", client: str = "203.0.113.9", body: bytes = b"", **fields: str
) -> WebRequest:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    return WebRequest(method, target, named, client, body[:10], is_cut=len(body) > 10)


def size(operator: str, limit: int, field: dict[str, Any]) -> dict[str, Any]:
    return {"SizeConstraintStatement": {"ComparisonOperator": operator, "Size": limit, **part(field)}}


def pattern(text: str, field: dict[str, Any], *transformations: str) -> dict[str, Any]:
    return {"RegexMatchStatement": {"RegexString": text, **part(field, *transformations)}}


def of_set(**forwarded: Any) -> dict[str, Any]:
    return {"IPSetReferenceStatement": {"ARN": IPS} | ({"IPSetForwardedIPConfig": forwarded} if forwarded else {})}


def headers(kind: str, chosen: dict[str, Any], scope: str = "ALL", oversize: str = "CONTINUE") -> dict[str, Any]:
    return {kind: {"MatchPattern": chosen, "MatchScope": scope, "OversizeHandling": oversize}}


SID = headers("Cookies", {"IncludedCookies": ["sid"]}, "VALUE")
NOT_SID = headers("Cookies", {"ExcludedCookies": ["sid"]}, "VALUE")
GEO = {"GeoMatchStatement": {"CountryCodes": ["NL"]}}
YES, NO = size("GE", 0, PATH), size("LT", 0, PATH)

CASES: list[tuple[dict[str, Any], WebRequest, bool | None]] = [
    (byte_match(b"/admin", PATH, at="EXACTLY"), request(b"/admin"), True),
    (byte_match(b"/admin", PATH, at="EXACTLY"), request(b"/admin?a=1"), True),  # the query string is another component
    (byte_match(b"/admin", PATH, at="EXACTLY"), request(b"/admin/"), False),
    (byte_match(b"/admin", PATH, at="STARTS_WITH"), request(b"/admin/x"), True),
    (byte_match(b"/admin", PATH, at="STARTS_WITH"), request(b"/x/admin"), False),
    (byte_match(b".php", PATH, at="ENDS_WITH"), request(b"/a.php"), True),
    (byte_match(b".php", PATH, at="ENDS_WITH"), request(b"/a.php/"), False),
    (byte_match(b"dmi", PATH), request(b"/admin"), True),
    (byte_match(b"dmI", PATH), request(b"/admin"), False),
    (byte_match(b"bot", AGENT, at="CONTAINS_WORD"), request(user_agent="a bot/1"), True),
    (byte_match(b"bot", AGENT, at="CONTAINS_WORD"), request(user_agent="robot bot_ bots"), False),
    (byte_match(b"bot", AGENT, at="CONTAINS_WORD"), request(user_agent="robot bot"), True),
    (byte_match(b"badbot", AGENT, "LOWERCASE"), request(user_agent="BadBot"), True),
    (byte_match(b"badbot", AGENT, "LOWERCASE"), request(), False),  # there is no such header
    (byte_match(b"../", PATH, "URL_DECODE", "URL_DECODE"), request(b"/%252e%252e%252f"), True),
    (byte_match(b"../", PATH, "URL_DECODE"), request(b"/%252e%252e%252f"), False),
    (byte_match(b"POST", METHOD, at="EXACTLY"), request(method=b"POST"), True),
    (byte_match(b"debug=1", QUERY), request(b"/?a=2&debug=1"), True),
    (byte_match(b"1", {"SingleQueryArgument": {"Name": "Debug"}}, at="EXACTLY"), request(b"/?debug=1"), True),
    (byte_match(b"1", {"SingleQueryArgument": {"Name": "debug"}}, at="EXACTLY"), request(b"/?debugs=1"), False),
    (byte_match(b"x", {"AllQueryArguments": {}}, at="EXACTLY"), request(b"/?a=b&c=x"), True),
    (byte_match(b"drop", BODY), request(body=b"drop it"), True),
    (byte_match(b"drop", BODY), request(body=b"1234567890 drop"), False),  # after the part that is inspected
    (byte_match(b"drop", {"Body": {"OversizeHandling": "MATCH"}}), request(body=b"12345678901"), True),
    (byte_match(b"1", {"Body": {"OversizeHandling": "NO_MATCH"}}), request(body=b"12345678901"), False),
    (byte_match(b"1", {"Body": {"OversizeHandling": "NO_MATCH"}}), request(body=b"1234567890"), True),
    (byte_match(b"s3cret", SID), request(cookie="a=1; sid=s3cret"), True),
    (byte_match(b"s3cret", NOT_SID), request(cookie="sid=s3cret"), False),
    (byte_match(b"sid", headers("Cookies", {"All": {}}, "KEY")), request(cookie="sid=1"), True),
    (byte_match(b"sid", headers("Cookies", {"All": {}}, "VALUE")), request(cookie="sid=1"), False),
    (byte_match(b"x", headers("Headers", {"IncludedHeaders": ["X-A"]}), at="EXACTLY"), request(x_a="x"), True),
    (byte_match(b"x", headers("Headers", {"All": {}}, "ALL", "MATCH")), request(long="y" * 9000), True),
    (byte_match(b"y", headers("Headers", {"All": {}}, "ALL", "NO_MATCH")), request(long="y" * 9000), False),
    (pattern("^/v[0-9]+/", PATH), request(b"/v12/a"), True),
    (pattern("(?i)ADMIN", PATH), request(b"/admin"), True),
    (pattern("^/v[0-9]+/$", PATH), request(b"/v12/a"), False),
    ({"RegexPatternSetReferenceStatement": {"ARN": PATTERNS, **part(PATH)}}, request(b"/a/secret"), True),
    ({"RegexPatternSetReferenceStatement": {"ARN": PATTERNS, **part(PATH)}}, request(b"/adm"), False),
    (size("GT", 3, QUERY), request(b"/?abcd"), True),
    (size("GT", 4, QUERY), request(b"/?abcd"), False),
    (size("LE", 4, QUERY), request(b"/?abcd"), True),
    (size("EQ", 0, BODY), request(), True),
    (size("NE", 0, BODY), request(body=b"a"), True),
    (size("LT", 5, AGENT), request(), False),  # there is no such header
    (of_set(), request(client="192.0.2.200"), True),
    (of_set(), request(client="198.51.100.8"), False),
    (of_set(), request(client="::ffff:198.51.100.7"), True),
    (of_set(**FORWARDED, Position="FIRST"), request(x_forwarded_for="192.0.2.1, 10.0.0.1"), True),
    (of_set(**FORWARDED, Position="LAST"), request(x_forwarded_for="192.0.2.1, 10.0.0.1"), False),
    (of_set(**FORWARDED, Position="ANY"), request(x_forwarded_for="10.0.0.2, 192.0.2.1, 10.0.0.1"), True),
    (of_set(**FORWARDED, Position="ANY"), request(x_forwarded_for="192.0.2.1" + ", 10.0.0.1" * 10), False),
    (of_set(**FORWARDED, Position="FIRST"), request(x_forwarded_for="unknown"), True),  # the fallback
    (of_set(**FORWARDED, Position="FIRST"), request(client="192.0.2.1"), False),  # no such header: not applied
    (GEO, request(), None),
    ({"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}}, request(), None),
    (byte_match(b"a", PATH, "JS_DECODE"), request(b"/a"), None),
    (byte_match(b"a", {"JA3Fingerprint": {"FallbackBehavior": "MATCH"}}), request(b"/a"), None),
    ({"NotStatement": {"Statement": NO}}, request(), True),
    ({"NotStatement": {"Statement": GEO}}, request(), None),
    ({"AndStatement": {"Statements": [YES, YES]}}, request(), True),
    ({"AndStatement": {"Statements": [YES, NO]}}, request(), False),
    ({"AndStatement": {"Statements": [GEO, NO]}}, request(), False),
    ({"AndStatement": {"Statements": [GEO, YES]}}, request(), None),
    ({"OrStatement": {"Statements": [NO, YES]}}, request(), True),
    ({"OrStatement": {"Statements": [NO, NO]}}, request(), False),
    ({"OrStatement": {"Statements": [GEO, YES]}}, request(), True),
    ({"OrStatement": {"Statements": [GEO, NO]}}, request(), None),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "given", "expected"), CASES, ids=range(len(CASES)))
def test_each_statement_matches_as_documented_by_aws(
    statement: dict[str, Any], given: WebRequest, expected: bool | None
) -> None:
    verdict = acl(rule(statement), beside=SETS).evaluate(given, 0.0)

    assert (verdict.blocked is not None) is (expected is True)
    assert verdict.passed == ((("r", WafAction.NOT_EVALUATED),) if expected is None else ())


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("seen", True),
        ("x:seen", True),
        ("awswaf:123456789012:webacl:shop:x:seen", True),
        ("een", False),
        ("x:", True),
        ("webacl:shop:", True),
        ("hop:", False),
        ("y:", False),
    ],
)
def test_labels_of_earlier_rules_are_found_by_name_and_namespace(key: str, expected: bool) -> None:
    scope = "NAMESPACE" if key.endswith(":") else "LABEL"
    labelled = rule(YES, "Count", "labels", 0, RuleLabels=[{"Name": "x:seen"}])
    last = rule({"LabelMatchStatement": {"Scope": scope, "Key": key}}, "Block", "last", 1)

    verdict = acl(labelled, last).evaluate(request(), 0.0)

    assert (verdict.blocked is not None) is expected


def test_a_pattern_that_would_backtrack_takes_linear_time() -> None:
    evil = acl(rule(pattern("^(a+)+$", QUERY)))

    verdict = evil.evaluate(request(b"/?" + b"a" * 8000 + b"!"), 0.0)

    assert verdict.blocked is None  # with backtracking, after 2 ** 8000 steps
