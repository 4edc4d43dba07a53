"""Length of a body and the rule for it (RFC 9112 section 6.3); every choice that the RFC permits is made strictly."""

from __future__ import annotations

from typing import Final

from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.grammar import TOKEN

# Special values, which are not numbers of bytes.
CHUNKED: Final = -1
UNTIL_CLOSE: Final = -2

_DIGITS_MAX: Final = 18  # below 2^63


def request_length(minor: int, coding: bytes | None, length: bytes | None) -> int:
    """Return the bytes of a request's body, or CHUNKED. `coding`, `length`: all values of the field joined by commas.

    Joining makes a repeated Content-Length a list, which is not a number, so it is rejected like any other list.

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
    """Return the bytes of an answer's body, CHUNKED or UNTIL_CLOSE; the caller handles HEAD requests.

    Both fields together are rejected, as Envoy does (RFC 9112 6.3 would let Transfer-Encoding win).

    Raises:
        ProtocolError: 502.
    """
    if status in {204, 304} or status < 200:
        return 0
    if coding is not None:
        if coding.lower() == b"chunked" and length is None:
            return CHUNKED
        raise ProtocolError("Transfer-Encoding of the answer", 502)
    return UNTIL_CLOSE if length is None else content_length(length, 502)


def content_length(value: bytes, status: int = 400) -> int:
    """Parse a Content-Length: digits only, at most 18 of them (below 2^63), as in grammar.DIGITS.

    `bytes.isdigit` accepts only the ten digits of ASCII, and costs a fifth of the pattern.

    Raises:
        ProtocolError: with `status`.
    """
    if len(value) > _DIGITS_MAX or not value.isdigit():
        raise ProtocolError("Content-Length must be one number", status)
    return int(value)
