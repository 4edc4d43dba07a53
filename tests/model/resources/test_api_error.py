"""Error responses of the API: the status of each code, and the length limit of the message."""

from __future__ import annotations

import pytest

from simulator.model.resources.api_error import ApiError


@pytest.mark.parametrize(
    ("code", "status", "is_fault"),
    [
        ("InvalidRequestException", 400, False),
        ("ResourceNotFoundException", 400, False),
        ("AccessDeniedException", 403, False),
        ("UnknownOperationException", 404, False),
        ("RequestEntityTooLargeException", 413, False),
        ("InternalServiceErrorException", 500, True),
        ("ServiceUnavailableException", 503, True),
    ],
)
def test_the_status_follows_from_the_code(code: str, status: int, is_fault: bool) -> None:
    error = ApiError(code, "why")
    assert (error.status, error.is_fault) == (status, is_fault)


def test_a_hint_is_shown_but_is_not_part_of_the_message() -> None:
    error = ApiError("InvalidRequestException", "It is in use.", "Used by: web")
    assert (error.message, error.explained) == ("It is in use.", "It is in use. (Used by: web)")
    assert str(error) == "InvalidRequestException: It is in use. (Used by: web)"


def test_message_and_explanation_have_at_most_600_characters() -> None:
    error = ApiError("InvalidRequestException", "a" * 700, "b" * 700)
    assert len(error.message) == len(error.explained) == 600
    assert error.message.endswith("aaa...")
    assert ApiError("X", "c" * 600).message == "c" * 600
