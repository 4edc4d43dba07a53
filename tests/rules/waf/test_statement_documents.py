"""Statements in a web ACL's JSON: supported ones, ones that cannot be evaluated, and the error for each mistake."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.rules.waf.addresses import AddressSet
from simulator.rules.waf.json_node import JsonNode, WebAclError
from simulator.rules.waf.statement_documents import DEPTH_MAX, ELSEWHERE, SEARCH_BYTES_MAX, StatementReader
from simulator.rules.waf.statements import Evaluation, Statement
from simulator.rules.waf.web_request import WebRequest
from tests.rules.waf.acls import IPS, PATTERNS, byte_match, part

PATH: dict[str, Any] = {"UriPath": {}}
LABEL = {"LabelMatchStatement": {"Scope": "LABEL", "Key": "bot"}}


def reader() -> StatementReader:
    return StatementReader({IPS: AddressSet(("192.0.2.0/24",))}, {PATTERNS: (lambda text: b"x" in text,)})


def read(given: Any) -> Statement:
    return reader().read(JsonNode(given, "a.json", "Statement"))


def matches(given: Any, target: bytes = b"/shop", client: str = "192.0.2.7") -> bool | None:
    return read(given).matches(Evaluation(WebRequest(b"GET", target, (), client), 0.0))


@pytest.mark.parametrize(
    ("constraint", "sought", "path", "expected"),
    [
        ("EXACTLY", b"/shop", b"/shop", True),
        ("EXACTLY", b"/shop", b"/shop/", False),
        ("STARTS_WITH", b"/sh", b"/shop", True),
        ("ENDS_WITH", b"op", b"/shop", True),
        ("CONTAINS", b"\xff", b"/a\xffb", True),  # any bytes are valid, not only text
        ("CONTAINS_WORD", b"shop", b"/shop/1", True),
        ("CONTAINS_WORD", b"shop", b"/workshop", False),
        ("CONTAINS_WORD", b"shop", b"/workshop/shop", True),
        ("CONTAINS_WORD", b"shop", b"/shop_1", False),
    ],
)
def test_a_byte_match_has_the_semantics_of_its_positional_constraint(
    constraint: str, sought: bytes, path: bytes, expected: bool
) -> None:
    assert matches(byte_match(sought, PATH, at=constraint), path) is expected


@pytest.mark.parametrize(
    ("operator", "size", "expected"),
    [("EQ", 5, True), ("NE", 5, False), ("LE", 4, False), ("LT", 6, True), ("GE", 5, True), ("GT", 5, False)],
)
def test_a_size_constraint_compares_the_size(operator: str, size: int, expected: bool) -> None:
    assert (
        matches({"SizeConstraintStatement": {"ComparisonOperator": operator, "Size": size, **part(PATH)}}) is expected
    )


def test_sets_are_found_by_their_arns() -> None:
    assert matches({"IPSetReferenceStatement": {"ARN": IPS}}) is True
    assert matches({"IPSetReferenceStatement": {"ARN": IPS}}, client="10.0.0.1") is False
    assert matches({"RegexPatternSetReferenceStatement": {"ARN": PATTERNS, **part(PATH)}}, b"/x") is True


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_a_statement_that_only_aws_can_evaluate_is_a_gap_with_an_unknown_result(kind: str) -> None:
    one = reader()
    nested = {"OrStatement": {"Statements": [{kind: {"anything": 1}}, byte_match(b"admin", PATH)]}}
    statement = one.read(JsonNode(nested, "a.json", "Statement"))
    assert one.gaps == [f"Statement.OrStatement.Statements[0]: {kind}"]
    assert statement.matches(Evaluation(WebRequest(b"GET", b"/shop"), 0.0)) is None
    assert statement.matches(Evaluation(WebRequest(b"GET", b"/admin"), 0.0)) is True


def test_only_statements_on_bodies_need_them() -> None:
    one = reader()
    one.read(JsonNode(byte_match(b"a", PATH), "a.json"))
    assert not one.needs_body
    one.read(JsonNode({"NotStatement": {"Statement": byte_match(b"a", {"Body": {}})}}, "a.json"))
    assert one.needs_body


def nested(depth: int) -> dict[str, Any]:
    given: dict[str, Any] = LABEL
    for _ in range(depth):
        given = {"NotStatement": {"Statement": given}}
    return given


def test_the_nesting_of_statements_is_limited() -> None:
    read(nested(DEPTH_MAX))
    with pytest.raises(WebAclError, match=f"nested at most {DEPTH_MAX} levels deep"):
        read(nested(DEPTH_MAX + 1))


def sought(text: Any) -> dict[str, Any]:
    return {"ByteMatchStatement": {"SearchString": text, "PositionalConstraint": "CONTAINS", **part(PATH)}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "Statement = nothing, must be an object"),
        ([], "Statement = [], must be an object"),
        ({**LABEL, "GeoMatchStatement": {}}, "must be an object with"),
        (sought("caf\u00e9"), "must be in base64, as the AWS CLI prints it; this text is 'Y2Fmw6k='"),
        (sought("=" * 4), "must be in base64"),
        (sought("QQ" * 200), f"must be 1 to {SEARCH_BYTES_MAX} bytes in base64"),
        (sought(7), "SearchString = 7, must be a text that is not empty"),
        ({"LabelMatchStatement": {"Scope": "LABEL", "Key": "two words"}}, "must be at most 1024 letters, digits, `_`"),
        ({"LabelMatchStatement": {"Scope": "LABEL", "Key": "a" * 1025}}, "must be at most 1024 letters"),
        ({"LabelMatchStatement": {"Scope": "NAMESPACE", "Key": "a"}}, "must be with a colon at its end"),
        ({"RegexMatchStatement": {"RegexString": "(?<a", **part(PATH)}}, "must be a regular expression that AWS WAF"),
        (
            {"SizeConstraintStatement": {"ComparisonOperator": "GT", "Size": -1, **part(PATH)}},
            "Size = -1, must be a number from 0 to 21474836480",
        ),
        ({"IPSetReferenceStatement": {"ARN": PATTERNS}}, "must be the ARN of an IP set that is given too"),
        ({"OrStatement": {"Statements": [LABEL]}}, "Statements has 1 entries, must have at least 2"),
    ],
)
def test_errors_name_the_place_and_the_value(given: Any, message: str) -> None:
    with pytest.raises(WebAclError) as error:
        read(given)
    assert message in str(error.value)
