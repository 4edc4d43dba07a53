"""Services of the query protocol that this endpoint answers beside App Runner: CloudFormation, and one call of STS.

Only what a request's head and form show; the protocol itself is imported with the first such call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

FORM: Final = "application/x-www-form-urlencoded"
CLOUDFORMATION: Final = "cloudformation"
STS: Final = "sts"

QUERY_SERVICES: Final = frozenset({CLOUDFORMATION, STS})

_VERSIONS: Final = {b"Version=2010-05-15": CLOUDFORMATION, b"Version=2011-06-15": STS}
_CALLS_OF_STS: Final = frozenset({"GetCallerIdentity"})  # what tools ask first; credentials are issued by nothing here


def query_service(headers: Mapping[str, str], signed_for: str, content: bytes | None) -> str | None:
    """Return the service that is called; None if it is none of these. `signed_for`: that of the signature's scope."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != FORM or content is None:
        return None
    service = signed_for or next((name for text, name in _VERSIONS.items() if text in content), "")
    if service == STS and action_of(content) not in _CALLS_OF_STS:
        return None
    return service if service in QUERY_SERVICES else None


def action_of(content: bytes) -> str:
    """Return the operation that a form names; empty if it names none."""
    return next(iter(parse_qs(content.decode("utf-8", "replace"), keep_blank_values=True).get("Action", ())), "")
