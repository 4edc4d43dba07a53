"""The calls of AWS WAF that this endpoint answers: those that associate web ACLs with services of App Runner."""

from __future__ import annotations

from typing import Final

SIGNING_NAME: Final = "wafv2"
TARGET_PREFIX: Final = "AWSWAF_20190729."
CONTENT_TYPE: Final = "application/x-amz-json-1.1"
OPERATIONS: Final = frozenset(
    {"AssociateWebACL", "DisassociateWebACL", "GetWebACLForResource", "ListResourcesForWebACL"}
)


def waf_operation(target: str) -> str | None:
    """Return the operation that an `X-Amz-Target` names; None if it is none of these."""
    operation = target.removeprefix(TARGET_PREFIX)
    return operation if operation != target and operation in OPERATIONS else None
