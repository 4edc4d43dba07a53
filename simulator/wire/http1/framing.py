"""Determines the length of a body (RFC 9112 section 6.3). Where the RFC permits a choice, the strict one is made."""

from __future__ import annotations

from typing import Final

from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.grammar import TOKEN

# Lengths that are not a number of bytes.
CHUNKED: Final = -1
UNTIL_CLOSE: Final = -2

_DIGITS_MAX: Final = 18  # below 2^63


def request_length(minor: int, coding: bytes | None, length: bytes | None) -> int:
    """Return the number of bytes of a request's body, or CHUNKED.

    `coding` and `length` are the values of Transfer-Encoding and Content-Length, joined by commas if a field is
    repeated. Joining makes a repeated Content-Length a list, which is not a number and so is rejected.

    Raises:
        ProtocolError: 501 for an unsupported coding, 400 for everything ambiguous.
    """
    if coding is None:
        return 0 if length is None else content_length(length)
    if length is not None:
        raise ProtocolError("both Transfer-Encoding and Content-Length")
    if minor == 0:
        raise ProtocolError("Transfer-Encoding in HTTP/1.0")
    if coding.lower() == b"chunked":
        return CHUNKED
    if TOKEN.fullmatch(coding) and b"chunked" not in coding.lower():
        raise ProtocolError("Transfer-Encoding unknown", 501)
    raise ProtocolError("Transfer-Encoding must be exactly: chunked")


def response_length(status: int, coding: bytes | None, length: bytes | None) -> int:
    """Return the number of bytes of a response's body, CHUNKED or UNTIL_CLOSE. The caller handles HEAD requests.

    A response with both fields is rejected, as by Envoy (RFC 9112 6.3 would ignore Content-Length).

    Raises:
        ProtocolError: 502.
    """
    if status in {204, 304} or status < 200:
        return 0
    if coding is not None:
        if coding.lower() == b"chunked" and length is None:
            return CHUNKED
        raise ProtocolError("Transfer-Encoding of the response", 502)
    return UNTIL_CLOSE if length is None else content_length(length, 502)


def content_length(value: bytes, status: int = 400) -> int:
    """Parse a Content-Length: digits only, at most 18 of them (below 2^63), as in grammar.DIGITS.

    `bytes.isdigit` accepts only the ten ASCII digits, and takes a fifth of the time of the pattern.

    Raises:
        ProtocolError: with `status`.
    """
    if len(value) > _DIGITS_MAX or not value.isdigit():
        raise ProtocolError("Content-Length must be one number", status)
    return int(value)
