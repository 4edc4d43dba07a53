"""Violations of the service model, in the wording of AWS's own validation.

Each violation names the member by its path in camel case, with list items from 1 (`tags.1.member.key`), the value
unless it is sensitive, and the constraint. One message lists all violations of a request.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from simulator.model.resources.api_error import ApiError

# maximum length of a value in a message, because the whole message has at most 600 characters
VALUE_LENGTH_MAX: Final = 100

# ASSUMPTION: every operation of the model declares this error for "a parameter is invalid" (facts 1.2), and no other
# suitable one; no client would catch AWS's general ValidationException. A request with MaxConcurrency 500 to AWS would
# settle it.
CODE: Final = "InvalidRequestException"
# for a value whose JSON type differs from its member's: code and wording of all JSON services of AWS
UNREADABLE: Final = "SerializationException"


class Violations:
    """Collects the violations of one request."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, path: str, value: Any, constraint: str, *, is_secret: bool = False) -> None:
        shown = "" if is_secret else f" {_shown(value)}"
        self.found.append(f"Value{shown} at '{path}' failed to satisfy constraint: {constraint}")

    def reject(self) -> None:
        """Raise ApiError if there are violations."""
        if self.found:
            raise ApiError(CODE, _message(self.found))


def must_have_length(kind: str, bound: int, *, at_least: bool) -> str:
    """Return the rule about a length. `kind`: its subject, for example `Member` or `Map keys`."""
    return f"{kind} must have length {'greater' if at_least else 'less'} than or equal to {bound}"


def must_have_value(bound: float, *, at_least: bool) -> str:
    return f"Member must have value {'greater' if at_least else 'less'} than or equal to {bound}"


def must_match(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def must_be_one_of(values: Sequence[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


MUST_BE_GIVEN: Final = "Member must not be null"


def unreadable(message: str) -> ApiError:
    return ApiError(UNREADABLE, message)


def not_a(found: Any, wanted: str) -> ApiError:
    """Return the error for a JSON value of the wrong type. `wanted`: for example `an Integer`."""
    if isinstance(found, dict | list):
        return unreadable("Start of structure or map found where not expected.")
    kind = {bool: f"{found}_VALUE".upper(), int: "NUMBER_VALUE", float: "NUMBER_VALUE"}.get(type(found), "STRING_VALUE")
    return unreadable(f"{kind} can not be converted to {wanted}")


def _message(found: Sequence[str]) -> str:
    count = "1 validation error" if len(found) == 1 else f"{len(found)} validation errors"
    return f"{count} detected: {'; '.join(found)}"


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    text = str(value)
    return f"'{text if len(text) <= VALUE_LENGTH_MAX else text[:VALUE_LENGTH_MAX] + '...'}'"
