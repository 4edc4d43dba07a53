"""The operations of AWS WAF that this endpoint implements: those that associate web ACLs with App Runner services."""

from __future__ import annotations

from typing import Final

SIGNING_NAME: Final = "wafv2"
TARGET_PREFIX: Final = "AWSWAF_20190729."
CONTENT_TYPE: Final = "application/x-amz-json-1.1"
OPERATIONS: Final = frozenset(
    {"AssociateWebACL", "DisassociateWebACL", "GetSampledRequests", "GetWebACLForResource", "ListResourcesForWebACL"}
)


def waf_operation(target: str) -> str | None:
    """Return the operation that an `X-Amz-Target` names; None for any other target."""
    operation = target.removeprefix(TARGET_PREFIX)
    return operation if operation != target and operation in OPERATIONS else None
