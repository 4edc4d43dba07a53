"""The header fields of requests that the clients of a run send, on both clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

# Methods whose requests must have a Content-Length, even with an empty body (RFC 9110, 8.6).
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
# Characters that may occur unencoded in a request target; `%` because paths from logs are already encoded.
_TARGET: Final = "/?#[]@!$&'()*+,;=:%~-._"


def target_of(path: str) -> str:
    """Return the request target for a path of the scenario."""
    return quote(path, safe=_TARGET)


def request_fields(
    authority: str,
    method: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    request_bytes: int,
    response_bytes: int,
) -> list[tuple[str, str]]:
    """Return the fields of a request in the order in which they are sent.

    `authority` is the value of Host, `headers` are those of the scenario. The body is `body` or, if that is empty,
    `request_bytes` of filler.
    """
    own: Mapping[str, str] = {"user-agent": "apprunner-simulator", "accept": "*/*"}
    if body:
        is_json = body[:1] in {b"{", b"["}
        own = {**own, "content-type": "application/json" if is_json else "text/plain; charset=utf-8"}
    given = list(headers)
    names = {name.lower() for name, _ in given}
    fields = [("host", authority), *((name, value) for name, value in own.items() if name not in names), *given]
    if response_bytes:
        fields.append(("x-simulator-response-bytes", str(response_bytes)))
    if body or request_bytes or method in _WITH_BODY:
        fields.append(("content-length", str(len(body) or request_bytes)))
    if request_bytes:
        fields.append(("content-type", "application/octet-stream"))
    return fields
