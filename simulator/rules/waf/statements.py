"""Statements of rules. Each matches a request, does not match it, or cannot be evaluated (None).

The logic is three-valued: an OR matches if one of its statements matches, whatever the others are; an AND does not
match if one of its statements does not.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from simulator.rules.waf.addresses import AddressSet, address_of
from simulator.rules.waf.components import Component
from simulator.rules.waf.rate_limits import RateCounts
from simulator.rules.waf.text_transformations import Transformation, transformed
from simulator.rules.waf.web_request import WebRequest

FORWARDED_MAX: Final = 10  # the number of addresses in a header field that are compared

Test = Callable[[bytes], object]  # a test of a transformed component; the result is truthy if it matches
# Returns the addresses of a request that a statement compares; None: the statement does not apply; a bool: its result.
Addresses = Callable[[WebRequest], Sequence[str] | bool | None]
KeyPart = Callable[[WebRequest], Hashable]  # a part of an aggregation key; None: the request has none


@dataclass(slots=True)
class Evaluation:
    """The evaluation of a web ACL for one request. `labels` are those that rules have added, fully qualified."""

    request: WebRequest
    now_s: float
    labels: list[str] = field(default_factory=list)


class Statement(Protocol):
    """The interface of statements."""

    def matches(self, evaluation: Evaluation) -> bool | None:
        """Return whether the statement matches; None if it cannot be evaluated."""


@dataclass(frozen=True, slots=True)
class PartMatch:
    """Tests one component of the request: byte match, pattern, set of patterns, size."""

    component: Component
    transformations: tuple[Transformation, ...]
    test: Test

    def matches(self, evaluation: Evaluation) -> bool:
        request = evaluation.request
        foregone = self.component.foregone(request)
        if foregone is not None:
            return foregone
        return any(self.test(transformed(text, self.transformations)) for text in self.component.values(request))


@dataclass(frozen=True, slots=True)
class AddressMatch:
    """Matches an IP set. `addresses` returns those of the client, or those in a header field."""

    members: AddressSet
    addresses: Addresses

    def matches(self, evaluation: Evaluation) -> bool:
        found = self.addresses(evaluation.request)
        if found is None or isinstance(found, bool):
            return bool(found)
        parsed = (address_of(text) for text in found)
        return any(address in self.members for address in parsed if address is not None)


@dataclass(frozen=True, slots=True)
class LabelMatch:
    """Matches a label, or a namespace if `key` ends with a colon; `key` may be the last part of a fully qualified
    label.
    """

    key: str

    def matches(self, evaluation: Evaluation) -> bool:
        key = self.key
        inside = f":{key}"
        if key.endswith(":"):
            return any(label.startswith(key) or inside in label for label in evaluation.labels)
        return any(label == key or label.endswith(inside) for label in evaluation.labels)


@dataclass(frozen=True, slots=True)
class RateMatch:
    """A rate-based statement. `keys` are the parts of the aggregation key; without any, all requests share one count.

    `decided` returns a result that needs no count, as for a header field without a valid address, otherwise None.
    """

    counts: RateCounts
    keys: tuple[KeyPart, ...]
    scope_down: Statement | None = None
    decided: Callable[[WebRequest], bool | None] | None = None

    def matches(self, evaluation: Evaluation) -> bool | None:
        request = evaluation.request
        if self.scope_down is not None:
            is_meant = self.scope_down.matches(evaluation)
            if not is_meant:
                return is_meant
        if self.decided is not None:
            result = self.decided(request)
            if result is not None:
                return result
        key = tuple(part(request) for part in self.keys)
        return None not in key and self.counts.is_limited(key, evaluation.now_s)


@dataclass(frozen=True, slots=True)
class AndMatch:
    """Matches if all statements match."""

    statements: tuple[Statement, ...]

    def matches(self, evaluation: Evaluation) -> bool | None:
        result: bool | None = True
        for each in self.statements:
            one = each.matches(evaluation)
            if one is False:
                return False
            if one is None:
                result = None
        return result


@dataclass(frozen=True, slots=True)
class OrMatch:
    """Matches if at least one of the statements matches."""

    statements: tuple[Statement, ...]

    def matches(self, evaluation: Evaluation) -> bool | None:
        result: bool | None = False
        for each in self.statements:
            one = each.matches(evaluation)
            if one:
                return True
            if one is None:
                result = None
        return result


@dataclass(frozen=True, slots=True)
class NotMatch:
    """Matches if the statement does not match."""

    statement: Statement

    def matches(self, evaluation: Evaluation) -> bool | None:
        result = self.statement.matches(evaluation)
        return None if result is None else not result


@dataclass(frozen=True, slots=True)
class NotEvaluated:
    """A statement that needs what exists only at AWS, such as managed rules. `what` names it.

    # ASSUMPTION: a rule that depends on it is skipped, since most requests match no such rule; the log of the web ACL
    # on AWS shows how many do.
    """

    what: str

    def matches(self, evaluation: Evaluation) -> None:  # noqa: ARG002 whatever the request
        return None


# --- tests of components ----------------------------------------------------------------------------------------------


def contains_word(sought: bytes) -> Test:
    """Return a test for `sought` as a word, i.e. not beside letters, digits or underscores."""

    def test(text: bytes) -> bool:
        at = text.find(sought)
        while at >= 0:
            end = at + len(sought)
            if not _is_word(text[at - 1 : at] if at else b"") and not _is_word(text[end : end + 1]):
                return True
            at = text.find(sought, at + 1)
        return False

    return test


def _is_word(character: bytes) -> bool:
    return character.isalnum() or character == b"_"


# --- addresses --------------------------------------------------------------------------------------------------------


def of_client(request: WebRequest) -> Sequence[str]:
    """Return the address of the client of a request."""
    return (request.client,)


def forwarded(request: WebRequest, header: bytes) -> list[str] | None:
    """Return the addresses in a header field, such as X-Forwarded-For; None if the request does not have it."""
    value = request.field(header)
    return None if value is None else [each.strip() for each in value.decode("latin-1").split(",")]
