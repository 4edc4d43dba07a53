"""The cases of the validation sheets that compare a platform, or a policy that a platform has, with a running one.

`simulator validate` plays the cases. A test compares this table with them, so a comparison can name the candidates
without ground truth and does not import the cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from simulator.rules.platforms.presets import PLATFORMS
from simulator.rules.policies.registry import POLICIES

# Numbers of the observed cases by the name of a platform's preset, or of a policy. An empty tuple: no
# published result is known that could be compared.
PLATFORM_CASES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "app-runner": ("29", "30", "31"),
        "ecs-express": (),
        "cloud-run": (),
        "lambda": ("7-17",),
        "knative": ("20", "21"),
        "container-apps": (),
    }
)
POLICY_CASES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        **PLATFORM_CASES,
        "scale-per-request": ("7-17",),
        "hpa": (),
        "keda": (),
        "keda-http": (),
        "target-tracking": (),
        "step-scaling": (),
        "lambda-provisioned": (),
        "heroku": (),
        "fly": (),
        "aws-predictive": (),
        "predictive-hpa": (),
    }
)


def without_ground_truth() -> tuple[list[str], list[str]]:
    """Return the names of the platforms and of the policies that no case compares with a running platform.

    Policies that no platform has (fixed, scheduled, holt-winters, mpc, oracle) are not included.
    """
    return _unobserved(PLATFORMS, PLATFORM_CASES), _unobserved(POLICIES, POLICY_CASES)


def has_ground_truth(cases: Mapping[str, tuple[str, ...]], name: str) -> bool:
    """Return whether a case compares it with a running platform; True for names that imitate none."""
    return name not in cases or bool(cases[name])


def _unobserved(names: Iterable[str], cases: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [name for name in names if not has_ground_truth(cases, name)]
