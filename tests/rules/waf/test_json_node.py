"""Values with their places, and their errors."""

from __future__ import annotations

import pytest

from simulator.rules.waf.json_node import JsonNode, WebAclError


def node(value: object) -> JsonNode:
    return JsonNode(value, "a.json")


def test_places_grow_with_members_and_entries() -> None:
    inner = node({"a": [{"b": 1}]}).members(("a",))["a"]
    (entry,) = inner.items()

    assert entry.members(("b",))["b"].place == "a[0].b"


def test_null_is_left_out() -> None:
    assert node({"a": None, "b": 0}).members(("a", "b")).keys() == {"b"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"ab": 1}, "a.json: ab = 1, must be left out: known are abc, d; did you mean `abc`?"),
        ({"zzz": "x" * 100}, f'a.json: zzz = "{"x" * 56}..., must be left out: known are abc, d'),
        ([], "a.json: the document = [], must be an object"),
    ],
)
def test_unknown_members_are_errors_with_the_nearest_word(value: object, expected: str) -> None:
    with pytest.raises(WebAclError) as error:
        node(value).members(("abc", "d"))

    assert str(error.value) == expected


@pytest.mark.parametrize("value", [True, "5", 5.0, 0, 11, None])
def test_a_number_is_an_integer_within_its_limits(value: object) -> None:
    with pytest.raises(WebAclError, match="must be a number from 1 to 10"):
        node(value).number(1, 10)


@pytest.mark.parametrize("value", [{}, {"a": {}, "b": {}}])
def test_a_choice_has_exactly_one_member(value: object) -> None:
    with pytest.raises(WebAclError, match="must be an object with one of a, b"):
        node(value).choice(("a", "b"))
