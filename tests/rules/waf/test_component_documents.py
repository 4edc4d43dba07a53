"""`FieldToMatch` and `TextTransformations`: the component that a statement inspects, and its transformations."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.rules.waf.component_documents import component_of, transformations_of
from simulator.rules.waf.components import Component
from simulator.rules.waf.json_node import JsonNode, WebAclError
from simulator.rules.waf.text_transformations import transformed
from simulator.rules.waf.web_request import WebRequest

REQUEST = WebRequest(
    b"GET",
    b"/shop/cart?Item=7&item=8",
    [
        (b"host", b"shop.acme.dev"),
        (b"x-team", b"blue"),
        (b"cookie", b"Id=1; id=2"),
        (b"x-team", b"red"),
        ("x-sch\u00f6n".encode(), b"yes"),
    ],
    body=b"drop",
)


def component(given: Any) -> Component:
    found = component_of(JsonNode(given, "a.json", "FieldToMatch"))
    assert isinstance(found, Component)
    return found


def pairs(kind: str, pattern: Any, scope: str = "KEY") -> dict[str, Any]:
    return {kind: {"MatchPattern": pattern, "MatchScope": scope, "OversizeHandling": "CONTINUE"}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Method": {}}, [b"GET"]),
        ({"UriPath": {}}, [b"/shop/cart"]),
        ({"QueryString": {}}, [b"Item=7&item=8"]),
        ({"AllQueryArguments": {}}, [b"Item", b"7", b"item", b"8"]),
        ({"SingleHeader": {"Name": "Host"}}, [b"shop.acme.dev"]),
        ({"SingleHeader": {"Name": "X-TEAM"}}, [b"blue, red"]),
        ({"SingleHeader": {"Name": "X-SCH\u00d6N"}}, [b"yes"]),
        ({"SingleHeader": {"Name": "absent"}}, []),
        ({"SingleQueryArgument": {"Name": "ITEM"}}, [b"7", b"8"]),  # case-insensitive, as on AWS
        ({"Body": {}}, [b"drop"]),
        (pairs("Headers", {"IncludedHeaders": ["HOST", "X-Team"]}), [b"host", b"x-team", b"x-team"]),
        (
            pairs("Headers", {"ExcludedHeaders": ["Cookie", "X-Sch\u00f6n"]}, "VALUE"),
            [b"shop.acme.dev", b"blue", b"red"],
        ),
        (pairs("Cookies", {"IncludedCookies": ["id"]}, "ALL"), [b"id", b"2"]),  # names of cookies are case-sensitive
        (pairs("Cookies", {"All": {}}), [b"Id", b"id"]),
    ],
)
def test_a_component_returns_its_values_of_a_request(given: Any, expected: list[bytes]) -> None:
    assert list(component(given).values(REQUEST)) == expected


def test_only_a_body_has_to_be_received_first() -> None:
    assert component({"Body": {"OversizeHandling": "MATCH"}}).needs_body
    assert not component({"UriPath": {}}).needs_body


@pytest.mark.parametrize("kind", ["JsonBody", "HeaderOrder", "JA3Fingerprint", "UriFragment"])
def test_a_component_that_cannot_be_evaluated_is_named(kind: str) -> None:
    assert component_of(JsonNode({kind: {}}, "a.json")) == kind


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "FieldToMatch = {}, must be an object with one of Method"),
        ({"Method": {}, "Body": {}}, "must be an object with one of"),
        ({"UriPath": {"Name": "x"}}, 'FieldToMatch.UriPath.Name = "x", must be left out'),
        ({"SingleHeader": {}}, "FieldToMatch.SingleHeader.Name = nothing, must be given"),
        ({"SingleHeader": {"Name": ""}}, 'SingleHeader.Name = "", must be a text that is not empty'),
        ({"SingleHeader": {"Name": "x\ud800"}}, "must be valid Unicode, without half of a surrogate pair"),
        ({"Body": {"OversizeHandling": "STOP"}}, 'Body.OversizeHandling = "STOP", must be one of CONTINUE'),
        (pairs("Headers", {"IncludedHeaders": []}), "MatchPattern.IncludedHeaders has 0 entries, must have 1 to 199"),
        (pairs("Cookies", {"IncludedHeaders": ["a"]}), 'IncludedHeaders = ["a"], must be left out: known are All,'),
        (pairs("Headers", {"All": {}}, "VALUES"), 'MatchScope = "VALUES", must be one of ALL, KEY, VALUE'),
    ],
)
def test_errors_name_the_place_and_the_value(given: Any, message: str) -> None:
    with pytest.raises(WebAclError) as error:
        component(given)
    assert message in str(error.value)


def listed(*entries: tuple[Any, Any]) -> JsonNode:
    return JsonNode([{"Priority": at, "Type": name} for at, name in entries], "a.json", "TextTransformations")


def test_transformations_are_applied_in_the_order_of_their_priorities() -> None:
    found = transformations_of(listed((7, "LOWERCASE"), (2, "URL_DECODE")))
    assert not isinstance(found, str)
    assert transformed(b"%41", found) == b"a"  # the other way round it would be A


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "TextTransformations has 0 entries, must have 1 to 10"),
        ([(0, "NONE")] * 11, "TextTransformations has 11 entries, must have 1 to 10"),
        ([(0, "NONE"), (0, "LOWERCASE")], "[1].Priority = 0, must be a priority that no other transformation"),
        ([(-1, "NONE")], "[0].Priority = -1, must be a number from 0 to"),
        ([(True, "NONE")], "[0].Priority = true, must be a number from 0 to"),
        ([(0, "lowercase")], "did you mean `LOWERCASE`?"),
        ([(0, ["NONE"])], '[0].Type = ["NONE"], must be one of'),
    ],
)
def test_errors_of_transformations_name_the_place_and_the_value(entries: list[tuple[Any, Any]], message: str) -> None:
    with pytest.raises(WebAclError) as error:
        transformations_of(listed(*entries))
    assert message in str(error.value)


def test_a_transformation_that_cannot_be_evaluated_is_named() -> None:
    assert transformations_of(listed((0, "NONE"), (1, "JS_DECODE"))) == "JS_DECODE"
