"""Keys, values and options that were renamed, so that an error about an old name can give the new one.

Old names are not accepted: a file or a command that uses one fails, and the error gives the new name. One table is used
for scenario files, options of commands, checks, reports, comparisons and classes of policies: `renamed` returns a new
name only if it is valid at the place of the error, so an old word that is still valid elsewhere needs no second table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

RENAMED: Final[Mapping[str, str]] = MappingProxyType(
    {
        # scenario files
        "refuse": "reject",  # overflow
        "hold": "queue",  # overflow
        "count_refusals": "count_rejections",
        # checks, reports, comparisons, figures of lessons
        "failure_ratio": "error_rate",
        "failure_ratio_after_retries": "error_rate_after_retries",
        "failure_latency": "error_latency",
        "loss_ratio": "error_rate",
        "refused": "rejected",
        "refused_ratio": "rejected_ratio",
        "refused_rps": "rejected_rps",
        "wished": "desired",
        "wished_max": "desired_max",
        "launched": "started",
        "became_ready": "ready",
        "died": "crashed",
        "contender": "candidate",
        "contenders": "candidates",
        "theta_u": "under_provisioned_amount",
        "theta_o": "over_provisioned_amount",
        "tau_u": "under_provisioned_time",
        "tau_o": "over_provisioned_time",
        "upsilon": "instability",
        "eta": "elastic_speedup",
        # commands
        "--gear": "--backend",
        "gear": "backend",
        "fast": "compiled",  # --backend
        "virtual": "event-loop",  # --backend
        "own": "configured",  # compare --policy
        # classes of policies
        "pokes": "reacts_to_queue",
    }
)


def renamed(word: object, known: Iterable[str]) -> str:
    """Return the new name of `word` if it is one of `known`; otherwise an empty string."""
    new = RENAMED.get(str(word), "")
    return new if new in set(known) else ""
