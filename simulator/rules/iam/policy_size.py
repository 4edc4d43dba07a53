"""The size limits of policies, in characters without white space ("IAM and AWS STS quotas", IAM User Guide).

# ASSUMPTION: each identity policy is counted alone, as a managed policy of a user or an inline policy of a role. AWS
# adds up inline policies, but the configuration does not say which policies are inline. A key `inline:` of the
# configuration, whose policies are added up, would settle it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from simulator.rules.iam.policy import IamPolicy

MANAGED_MAX: Final = 6_144  # a managed policy or a permissions boundary
ROLE_MAX: Final = 10_240  # all inline policies of a role together
SESSION_MAX: Final = 2_048  # all session policies of an AssumeRole call of STS together


def characters_of(document: object) -> int:
    """Return the number of characters of a parsed policy document, written without white space between its values."""
    return len(json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str))


def size_problem(policies: Sequence[IamPolicy], most: int) -> str:
    """Return an error text if the policies together exceed `most` characters, otherwise an empty string."""
    size = sum(policy.characters for policy in policies)
    return f"at most {most:,} characters without white space, not {size:,}" if size > most else ""
