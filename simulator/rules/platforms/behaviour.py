"""Platform behaviour that applies if a user selects a policy but no platform.

A policy depends on its platform: Lambda's requests wait for an environment, Knative's for a pod. So `--policy lambda`
on a scenario for App Runner also selects Lambda's queue, balancing, probes and actuator, unless the scenario file sets
them. Sizes and limits (MaxConcurrency, MinSize, MaxSize), the start-up time that a platform adds, and prices come only
with a preset (`--platform`).

Policies that run on any platform (fixed, scheduled, holt-winters, mpc, oracle, user-defined) keep the scenario's
settings. So do policies whose load balancer is the user's choice: HPA, KEDA, target tracking, step scaling, provisioned
concurrency.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from simulator.rules.admission import Overflow
from simulator.rules.load_balancer.settings import ApplicationLoadBalancer
from simulator.rules.platforms.preset import PlatformPreset
from simulator.rules.platforms.presets import PLATFORMS


class PlatformBehaviour(NamedTuple):
    """Platform behaviour; None keeps the scenario's value. `preset` is the platform's name, empty if there is none.

    A request is queued for `queued_starts` mean starts of an instance if that is longer than the wait of `overflow`.
    `idle_after_s` is the time without requests after which an instance is idle; if it is set, the actuator
    distinguishes busy and idle instances. A `load_balancer` has its own overflow, balancing, time limit and health
    check, so it replaces those of the platform and of the scenario.
    """

    overflow: Overflow
    preset: str = ""
    queued_starts: float = 0.0
    balancing: str | None = None
    idle_after_s: float | None = None
    probe_interval_s: float | None = None
    load_balancer: ApplicationLoadBalancer | None = None

    @property
    def marks_idle_only(self) -> bool:
        """True if idle instances differ only in the bill. On App Runner they have no CPU and have to wake."""
        return self.idle_after_s is not None and self.preset != "app-runner"


def preset_behaviour(preset: PlatformPreset) -> PlatformBehaviour:
    """Return the behaviour of a platform's preset."""
    return PlatformBehaviour(
        preset.overflow,
        preset.name,
        preset.queued_starts,
        preset.balancing,
        preset.idle_after_s,
        preset.probe_interval_s,
        preset.load_balancer,
    )


# Policies of a platform whose preset has another policy.
_PRESET_OF: Final[Mapping[str, str]] = MappingProxyType({"scale-per-request": "lambda"})
# Policies with behaviour of their own, without a preset.
_WITHOUT_PRESET: Final[Mapping[str, PlatformBehaviour]] = MappingProxyType(
    {
        # The interceptor queues requests while pods start.
        # ASSUMPTION: for 20 s, its KEDA_CONDITION_WAIT_TIMEOUT (memory); the add-on's documentation settles it.
        "keda-http": PlatformBehaviour(Overflow(20.0, 10_000)),
    }
)


def behaviour_of(policy: str) -> PlatformBehaviour | None:
    """Return the behaviour of the policy's platform, which has a preset of the same name as the policy.

    None for a policy that belongs to no platform.
    """
    if (own := _WITHOUT_PRESET.get(policy)) is not None:
        return own
    preset = _PRESET_OF.get(policy, policy)
    return preset_behaviour(PLATFORMS[preset]) if preset in PLATFORMS else None
