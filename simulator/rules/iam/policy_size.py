"""How large policies may be, in characters without white space ("IAM and AWS STS quotas", IAM User Guide).

# ASSUMPTION: each identity policy counts alone, as a managed policy of a user or an inline policy of a role: the
# configuration does not say which it is, and AWS adds up inline policies. A key `inline:` of the configuration, whose
# policies are added up, would settle it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from simulator.rules.iam.policy import IamPolicy

MANAGED_MAX: Final = 6_144  # of a managed policy, which also a permissions boundary is
ROLE_MAX: Final = 10_240  # of the inline policies of a role
SESSION_MAX: Final = 2_048  # of all session policies together, as STS's AssumeRole takes them


def characters_of(document: object) -> int:
    """Return the size of a parsed policy document, written without white space between its values."""
    return len(json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str))


def size_problem(policies: Sequence[IamPolicy], most: int) -> str:
    """Return what is wrong with the size of policies that together may have `most` characters; empty if nothing is."""
    size = sum(policy.characters for policy in policies)
    return f"at most {most:,} characters without white space, not {size:,}" if size > most else ""
