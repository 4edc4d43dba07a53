from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.control.pagination import Pages
from simulator.model.resources.api_error import ApiError
from tests.control.api_stage import ALICE, principal

PAGES = Pages(b"k" * 32)


@dataclass(frozen=True)
class Thing:
    born: int


def things(*numbers: int) -> list[Thing]:
    return [Thing(number) for number in numbers]


def page(items: list[Thing], **request: Any) -> tuple[list[int], str | None]:
    found, more = PAGES.page(items, ALICE, "ListThings", request)
    return [each.born for each in found], more.get("NextToken")


def test_without_max_results_everything_is_on_one_page() -> None:
    assert page(things(1, 3, 2)) == ([3, 2, 1], None)


def test_a_full_last_page_has_no_token() -> None:
    assert page(things(1, 2), MaxResults=2) == ([2, 1], None)


def test_pages_are_stable_while_items_are_added_and_removed() -> None:
    first, token = page(things(1, 2, 3, 4), MaxResults=2)
    assert first == [4, 3]
    assert page(things(1, 2, 4, 5), MaxResults=2, NextToken=token) == ([2, 1], None)


@given(st.lists(st.integers(0, 10**9), unique=True, max_size=20), st.integers(1, 5))
def test_the_pages_together_are_the_whole_list(numbers: list[int], size: int) -> None:
    items, seen = things(*numbers), []
    found, token = page(items, MaxResults=size)
    seen += found
    while token is not None:
        assert len(found) == size
        found, token = page(items, MaxResults=size, NextToken=token)
        seen += found
    assert seen == sorted(numbers, reverse=True)


def test_a_token_is_valid_for_its_own_request_only() -> None:
    items = things(1, 2, 3)
    _, token = page(items, MaxResults=1, Name="a")
    for who, operation, request in (
        (ALICE, "ListThings", {"MaxResults": 2, "Name": "a"}),
        (ALICE, "ListThings", {"MaxResults": 1, "Name": "b"}),
        (ALICE, "ListThings", {"MaxResults": 1}),
        (ALICE, "ListOthers", {"MaxResults": 1, "Name": "a"}),
        (principal(account="210987654321"), "ListThings", {"MaxResults": 1, "Name": "a"}),
        (principal(region="eu-west-1"), "ListThings", {"MaxResults": 1, "Name": "a"}),
    ):
        with pytest.raises(ApiError, match="NextToken is invalid"):
            PAGES.page(items, who, operation, {**request, "NextToken": token})
    with pytest.raises(ApiError, match="NextToken is invalid"):
        Pages(b"x" * 32).page(items, ALICE, "ListThings", {"MaxResults": 1, "Name": "a", "NextToken": token})


@pytest.mark.parametrize("token", ["a", "AAAA", "not base64 at all!", "\N{SNOWMAN}", "A" * 32, "=" * 32])
def test_a_forged_token_is_rejected(token: str) -> None:
    with pytest.raises(ApiError, match="InvalidRequestException: NextToken is invalid"):
        page(things(1), NextToken=token)


def test_no_bit_of_a_token_can_be_changed() -> None:
    _, token = page(things(1, 2), MaxResults=1)
    assert token is not None
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(ApiError):
            page(things(1, 2), MaxResults=1, NextToken=token[:place] + other + token[place + 1 :])
