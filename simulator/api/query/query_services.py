"""Services with the query protocol that this endpoint implements: CloudFormation, and two operations of STS.

This module uses only the head and the form of a request. The protocol itself is imported with the first such call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

FORM: Final = "application/x-www-form-urlencoded"
CLOUDFORMATION: Final = "cloudformation"
STS: Final = "sts"

S3: Final = "s3"
SSM: Final = "ssm"
GET_PARAMETER: Final = "AmazonSSM.GetParameter"  # the only call of SSM that is answered

QUERY_SERVICES: Final = frozenset({CLOUDFORMATION, STS})

_VERSIONS: Final = {b"Version=2010-05-15": CLOUDFORMATION, b"Version=2011-06-15": STS}
_CALLS_OF_STS: Final = frozenset({"AssumeRole", "GetCallerIdentity"})


def query_service(headers: Mapping[str, str], signed_for: str, content: bytes | None) -> str | None:
    """Return the service that is called; None if it is another. `signed_for`: the service in the signature's scope."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != FORM or content is None:
        return None
    service = signed_for or next((name for text, name in _VERSIONS.items() if text in content), "")
    if service == STS and action_of(content) not in _CALLS_OF_STS:
        return None
    return service if service in QUERY_SERVICES else None


def action_of(content: bytes) -> str:
    """Return the operation that a form names; empty if there is none."""
    return next(iter(parse_qs(content.decode("utf-8", "replace"), keep_blank_values=True).get("Action", ())), "")
