"""Which requests may change something on a console."""

from __future__ import annotations

import pytest

from simulator.console.http.guard import TOKEN_FIELD, RequestGuard

JSON = "application/json"


@pytest.fixture
def guard() -> RequestGuard:
    guard = RequestGuard()
    guard.port = 8700
    return guard


def test_the_url_has_the_token_in_a_part_that_browsers_do_not_send(guard: RequestGuard) -> None:
    assert guard.url("/lessons") == f"http://127.0.0.1:8700/lessons#token={guard.token}"
    assert RequestGuard().token != guard.token


@pytest.mark.parametrize("content_type", [JSON, "Application/JSON; charset=utf-8"])
def test_a_change_with_token_and_json_is_allowed(guard: RequestGuard, content_type: str) -> None:
    assert guard.rejects_change({"content-type": content_type, TOKEN_FIELD: guard.token}) is None


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_a_form_is_rejected_even_with_the_token(guard: RequestGuard, content_type: str) -> None:
    why = guard.rejects_change({"content-type": content_type, TOKEN_FIELD: guard.token})
    assert why == "content-type, must be application/json"


@pytest.mark.parametrize("token", ["", "guess", "\udcff"])
def test_another_token_is_rejected_without_telling_the_right_one(guard: RequestGuard, token: str) -> None:
    why = guard.rejects_change({"content-type": JSON, TOKEN_FIELD: token})
    assert why is not None
    assert why.startswith(TOKEN_FIELD)
    assert guard.token not in why


def test_a_change_without_a_token_is_rejected(guard: RequestGuard) -> None:
    assert guard.rejects_change({"content-type": JSON}) is not None
