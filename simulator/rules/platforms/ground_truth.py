"""The cases of the validation sheets that compare a platform, or its policy, with measurements of the real platform.

`simulator validate` runs the cases. A test compares this table with them. With the table, a comparison can name the
candidates without such a case, without importing the cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from simulator.rules.platforms.presets import PLATFORMS
from simulator.rules.policies.registry import POLICIES

# Numbers of the observed cases, by the name of a platform's preset or of a policy. The tuple is empty if no published
# result is known.
PLATFORM_CASES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "app-runner": ("29", "30", "31"),
        "ecs-express": ("V1", "V17", "V18"),
        "ecs-fargate": ("V1", "V9", "V17", "V19"),
        "cloud-run": ("V20",),
        "lambda": ("7-17", "18", "V16"),
        "lambda-managed": (),
        "knative": ("20", "21", "V13", "V14"),
        "container-apps": ("V3", "V4", "V5", "V7", "V8"),
        "fly": (),
        "heroku": (),
    }
)
POLICY_CASES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        **{name: cases for name, cases in PLATFORM_CASES.items() if name in POLICIES},
        "scale-per-request": ("7-17",),
        "hpa": ("V10", "V11"),
        "keda": ("V5",),
        "keda-http": (),
        "target-tracking": ("V1", "V17", "V19"),
        "step-scaling": ("V17", "V19"),
        "lambda-provisioned": (),
        "aws-predictive": (),
        "predictive-hpa": (),
    }
)


def without_ground_truth() -> tuple[list[str], list[str]]:
    """Return the names of the platforms, and of the policies, that no case compares with the real platform.

    Policies that belong to no platform (fixed, scheduled, holt-winters, mpc, oracle) are not included.
    """
    return _unobserved(PLATFORMS, PLATFORM_CASES), _unobserved(POLICIES, POLICY_CASES)


def has_ground_truth(cases: Mapping[str, tuple[str, ...]], name: str) -> bool:
    """Return True if a case compares `name` with the real platform, or if `name` does not represent a platform."""
    return name not in cases or bool(cases[name])


def _unobserved(names: Iterable[str], cases: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [name for name in names if not has_ground_truth(cases, name)]
