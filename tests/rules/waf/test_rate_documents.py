"""Rate-based statements: which requests are counted together, and which are not counted."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.rules.waf.json_node import JsonNode, WebAclError
from simulator.rules.waf.rate_documents import addresses_in, rate_match
from simulator.rules.waf.statements import Evaluation, NotEvaluated, RateMatch, Statement
from simulator.rules.waf.web_request import WebRequest

NONE = [{"Priority": 0, "Type": "NONE"}]
LOWER = [{"Priority": 0, "Type": "LOWERCASE"}]
FORWARDED = {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "MATCH"}


def scope(_node: JsonNode) -> Statement:
    return NotEvaluated("scope")


def rate(**settings: Any) -> RateMatch | str:
    given = {"Limit": 10, "AggregateKeyType": "CUSTOM_KEYS"} | settings
    return rate_match(JsonNode(given, "a.json", "RateBasedStatement"), scope)


def get(target: bytes = b"/", client: str = "10.0.0.1", *fields: tuple[bytes, bytes]) -> WebRequest:
    return WebRequest(b"GET", target, fields, client)


def key_of(request: WebRequest, *keys: dict[str, Any], **settings: Any) -> tuple[Any, ...]:
    found = rate(CustomKeys=list(keys), **settings)
    assert isinstance(found, RateMatch)
    return tuple(part(request) for part in found.keys)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ({"IP": {}}, "10.0.0.1"),
        ({"HTTPMethod": {}}, b"GET"),
        ({"UriPath": {"TextTransformations": LOWER}}, b"/shop"),
        ({"QueryString": {"TextTransformations": NONE}}, b"Item=7"),
        ({"Header": {"Name": "X-Team", "TextTransformations": LOWER}}, b"blue"),
        ({"Header": {"Name": "absent", "TextTransformations": NONE}}, None),
        ({"Cookie": {"Name": "id", "TextTransformations": NONE}}, b"1"),
        ({"Cookie": {"Name": "ID", "TextTransformations": NONE}}, None),
        ({"QueryArgument": {"Name": "ITEM", "TextTransformations": NONE}}, b"7"),
    ],
)
def test_each_part_of_a_custom_key_has_its_value(key: dict[str, Any], expected: object) -> None:
    request = get(b"/Shop?Item=7", "10.0.0.1", (b"x-team", b"Blue"), (b"cookie", b"id=1"))
    assert key_of(request, key) == (expected,)


def test_requests_without_a_part_of_the_key_are_not_counted() -> None:
    found = rate(CustomKeys=[{"Header": {"Name": "x-team", "TextTransformations": NONE}}])
    assert isinstance(found, RateMatch)
    results = [found.matches(Evaluation(get(), second)) for second in range(100)]
    assert set(results) == {False}


def test_a_forwarded_address_is_the_first_of_its_field_in_any_form() -> None:
    keys: dict[str, Any] = {"ForwardedIP": {}}
    for text in (b"192.0.2.1, 10.0.0.9", b"::ffff:192.0.2.1", b" 192.0.2.1 "):
        (address,) = key_of(get(b"/", "10.0.0.1", (b"x-forwarded-for", text)), keys, ForwardedIPConfig=FORWARDED)
        assert str(address) == "192.0.2.1"


@pytest.mark.parametrize(("fallback", "expected"), [("MATCH", True), ("NO_MATCH", False)])
def test_an_invalid_forwarded_address_falls_back_and_an_absent_field_does_not_match(
    fallback: str, expected: bool
) -> None:
    found = rate(AggregateKeyType="FORWARDED_IP", ForwardedIPConfig=FORWARDED | {"FallbackBehavior": fallback})
    assert isinstance(found, RateMatch)
    invalid = get(b"/", "10.0.0.1", (b"x-forwarded-for", b"192.0.2.300"))
    assert found.matches(Evaluation(invalid, 0.0)) is expected
    assert found.matches(Evaluation(get(), 0.0)) is False


def test_what_is_not_evaluated_is_named() -> None:
    assert rate(CustomKeys=[{"IP": {}}, {"JA3Fingerprint": {}}]) == "JA3Fingerprint"
    hidden = [{"Priority": 0, "Type": "CSS_DECODE"}]
    assert rate(CustomKeys=[{"UriPath": {"TextTransformations": hidden}}]) == "CSS_DECODE"


@pytest.mark.parametrize(
    ("position", "expected"),
    [("FIRST", ["192.0.2.1"]), ("LAST", ["10.0.0.9"]), ("ANY", ["192.0.2.1", "10.0.0.9"])],
)
def test_addresses_of_a_field_by_position(position: str, expected: list[str]) -> None:
    addresses = addresses_in(JsonNode(FORWARDED | {"Position": position}, "a.json"))
    assert addresses(get(b"/", "", (b"x-forwarded-for", b"192.0.2.1, 10.0.0.9"))) == expected
    assert addresses(get()) is None
    assert addresses(get(b"/", "", (b"x-forwarded-for", b","))) is True


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"Limit": 9}, "RateBasedStatement.Limit = 9, must be a number from 10 to 2000000000"),
        ({"Limit": 10.0}, "RateBasedStatement.Limit = 10.0, must be a number"),
        ({"EvaluationWindowSec": 61}, "EvaluationWindowSec = 61, must be one of 60, 120, 300, 600"),
        ({"AggregateKeyType": "FORWARDED_IP"}, "must be given with ForwardedIPConfig, which FORWARDED_IP needs"),
        ({}, "must be given with CustomKeys, which CUSTOM_KEYS needs"),
        ({"CustomKeys": []}, "CustomKeys has 0 entries, must have 1 to 5"),
        ({"CustomKeys": [{"IP": {}}] * 6}, "CustomKeys has 6 entries, must have 1 to 5"),
        ({"CustomKeys": [{"ForwardedIP": {}}]}, 'CustomKeys[0] = {"ForwardedIP": {}}, must be given with a Forwarded'),
        ({"CustomKeys": [{"Ip": {}}]}, "did you mean `IP`?"),
        ({"CustomKeys": [{"Header": {"TextTransformations": NONE}}]}, "Header.Name = nothing, must be given"),
        (
            {"AggregateKeyType": "FORWARDED_IP", "ForwardedIPConfig": FORWARDED | {"HeaderName": "\udc00"}},
            'HeaderName = "\\udc00", must be valid Unicode',
        ),
    ],
)
def test_errors_name_the_place_and_the_value(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(WebAclError) as error:
        rate(**settings)
    assert message in str(error.value)
