"""The components of a request that statements inspect (`FieldToMatch`), and what happens if a component is too large.

WAF inspects the first bytes of the body, up to the limit of the web ACL, and the first 8 KB and the first 200 of
headers and of cookies. If a component is larger, a statement inspects what is available, or matches, or does not match.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from simulator.rules.waf.web_request import WebRequest

PART_BYTES_MAX: Final = 8192  # of all headers together, and of all cookies together
PARTS_MAX: Final = 200

Values = Callable[[WebRequest], Sequence[bytes]]
Pairs = Sequence[tuple[bytes, bytes]]


class Oversize(StrEnum):
    """AWS's `OversizeHandling`: what a statement does if its component is larger than what WAF inspects."""

    CONTINUE = "CONTINUE"
    MATCH = "MATCH"
    NO_MATCH = "NO_MATCH"


class MatchScope(StrEnum):
    """Which parts of headers or cookies a statement inspects: names, values, or both."""

    ALL = "ALL"
    KEY = "KEY"
    VALUE = "VALUE"


@dataclass(frozen=True, slots=True)
class Component:
    """A component of requests. `values` returns its values, which are none if the request lacks the header or argument.

    `is_oversize` returns True if the component is larger than what WAF inspects. `needs_body` is True if the evaluation
    has to wait for the body.
    """

    values: Values
    oversize: Oversize = Oversize.CONTINUE
    is_oversize: Callable[[WebRequest], bool] | None = None
    needs_body: bool = False

    def foregone(self, request: WebRequest) -> bool | None:
        """Return the result of a statement if the component is too large to be inspected; None if it is to be
        inspected.
        """
        if self.oversize is Oversize.CONTINUE or self.is_oversize is None or not self.is_oversize(request):
            return None
        return self.oversize is Oversize.MATCH


METHOD: Final = Component(lambda request: (request.method,))
URI_PATH: Final = Component(lambda request: (request.path,))
QUERY_STRING: Final = Component(lambda request: (request.query,))
ALL_ARGUMENTS: Final = Component(lambda request: [text for pair in request.arguments() for text in pair])


def body(oversize: Oversize) -> Component:
    """Return the component for the body."""
    return Component(lambda request: (request.body,), oversize, lambda request: request.is_cut, needs_body=True)


def single_header(name: str) -> Component:
    """Return the component for the header field of that name, in any case."""
    key = name.lower().encode()

    def values(request: WebRequest) -> Sequence[bytes]:
        found = request.field(key)
        return () if found is None else (found,)

    return Component(values)


def single_argument(name: str) -> Component:
    """Return the component for the arguments of that name in the query string, in any case."""
    key = name.lower().encode()
    return Component(lambda request: [value for each, value in request.arguments() if each.lower() == key])


def headers(is_included: Callable[[bytes], bool], scope: MatchScope, oversize: Oversize) -> Component:
    """Return the component for the header fields whose names `is_included` accepts."""
    return _pairs(lambda request: request.fields, is_included, scope, oversize)


def cookies(is_included: Callable[[bytes], bool], scope: MatchScope, oversize: Oversize) -> Component:
    """Return the component for the cookies whose names `is_included` accepts."""
    return _pairs(lambda request: request.cookies(), is_included, scope, oversize)


def _pairs(
    pairs_of: Callable[[WebRequest], Pairs], is_included: Callable[[bytes], bool], scope: MatchScope, oversize: Oversize
) -> Component:
    def values(request: WebRequest) -> Sequence[bytes]:
        seen = [pair for pair in _seen(pairs_of(request)) if is_included(pair[0])]
        keys = [] if scope is MatchScope.VALUE else [name for name, _ in seen]
        return keys if scope is MatchScope.KEY else keys + [value for _, value in seen]

    def is_oversize(request: WebRequest) -> bool:
        pairs = pairs_of(request)
        return len(_seen(pairs)) < len(pairs)

    return Component(values, oversize, is_oversize)


def _seen(pairs: Pairs) -> Pairs:
    """Return the pairs that WAF inspects: those that are completely within the limits.

    # ASSUMPTION: the header or cookie that crosses the limit is not inspected at all; AWS says only that it inspects
    # the first 8 KB. A rule on the text before the limit in such a header on AWS settles it.
    """
    size = 0
    for index, (name, value) in enumerate(pairs[:PARTS_MAX]):
        size += len(name) + len(value)
        if size > PART_BYTES_MAX:
            return pairs[:index]
    return pairs[:PARTS_MAX]
