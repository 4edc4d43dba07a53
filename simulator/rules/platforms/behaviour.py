"""What belongs to the platform of a policy, for those who name the policy only.

A policy acts on signals that its platform makes: Lambda's requests wait for an environment, Knative's for a pod. So who
plays `--policy lambda` on a scenario written for App Runner gets Lambda's queue, balancing, probes and actuator as
well, wherever the scenario file does not set them itself. Sizes and limits (MaxConcurrency, MinSize, MaxSize), the
start-up that a platform adds, and prices are a preset's alone (`--platform`).

What runs on any platform (fixed, scheduled, holt-winters, mpc, oracle, a user's own) keeps what the scenario has.
So do policies whose front is the user's own choice: HPA, KEDA, target tracking, step scaling, provisioned concurrency.
ASSUMPTION: Heroku and Fly too: for how long their proxies queue a request is not published. A burst against a full
service there, watched from outside, settles it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from simulator.rules.admission import Overflow
from simulator.rules.platforms import PLATFORMS, PlatformPreset


@dataclass(frozen=True, slots=True)
class Behaviour:
    """None: the scenario's own. `preset` names the platform that has it, empty where there is none.

    `idle_after_s`: how soon after its last request an instance is not busy any more; with it the actuator tells busy
    from idle.
    """

    overflow: Overflow
    preset: str = ""
    balancing: str | None = None
    idle_after_s: float | None = None
    probe_interval_s: float | None = None


def preset_behaviour(preset: PlatformPreset) -> Behaviour:
    """That of a platform's preset."""
    return Behaviour(preset.overflow, preset.name, preset.balancing, preset.idle_after_s, preset.probe_interval_s)


_BEHAVIOURS: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {
        **{preset.policy: preset_behaviour(preset) for preset in PLATFORMS.values()},
        "scale-per-request": preset_behaviour(PLATFORMS["lambda"]),
        # The interceptor queues requests while pods start.
        # ASSUMPTION: for 20 s, its KEDA_CONDITION_WAIT_TIMEOUT (memory); the add-on's own documentation settles it.
        "keda-http": Behaviour(Overflow(20.0, 10_000)),
    }
)


def behaviour_of(policy: str) -> Behaviour | None:
    """What the policy's platform brings; None for a policy of no platform."""
    return _BEHAVIOURS.get(policy)
