"""Candidates: what a comparison sets side by side, as changes to a scenario.

A policy replaces that of every service and leaves the rest alone. A platform also brings its limits, its overflow, its
way of starting instances and its price list. The oracle has the actuator, the limits and the prices of whatever it
stands in for, and the future.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from simulator.model.renamed import renamed
from simulator.replay.application_spec import SimulatedSpec
from simulator.replay.law_spec import LawSpec
from simulator.replay.policy_platform import behaviour_changes, preset_policy
from simulator.replay.policy_spec import PolicySpec, section_of
from simulator.replay.scenario import Scenario
from simulator.replay.service_spec import ServiceSpec
from simulator.replay.user_policy import OnPolicyError, is_user_policy
from simulator.rules.platforms import PlatformPreset, platform_named
from simulator.rules.platforms.behaviour import preset_behaviour
from simulator.rules.platforms.billing import PriceList
from simulator.world.chance import Chance
from simulator.world.laws import LogNormal

ORACLE: Final = "oracle"
APP_RUNNER: Final = "app-runner"
# The scenario's own policy with its parameters.
CONFIGURED: Final = "configured"
# Values that stand for the sum of two laws, the application's start and the platform's.
START_UP_VALUES: Final = 500
# ASSUMPTION: a replica has the idle rate a second after its last request, as billing is by the second. What counts as
# idle is published, but not for how long it has to last; the metrics of a replica beside its bill settle it.
IDLE_RATE_AFTER_S: Final = 1.0


class CandidateKind(StrEnum):
    POLICY = "policy"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Candidate:
    """`told` as on the command line: a policy of the registry, `configured`, `FILE.py:CLASS`, or a platform.

    `is_oracle`: in place of the candidate that `told` names, the oracle with its actuator, limits and prices. `prices`:
    a platform's, None for the preset's. `beside`: a policy of the same name is compared too, so the label says which.
    """

    kind: CandidateKind
    told: str
    is_oracle: bool = False
    prices: PriceList | None = None
    on_error: OnPolicyError = OnPolicyError.STOP
    beside: bool = False

    @property
    def label(self) -> str:
        """Short, and unlike any other's of a comparison (`distinct` has seen to it)."""
        name = self.told.rpartition(":")[2] if is_user_policy(self.told) else self.told
        if not self.is_oracle:
            return f"{name} platform" if self.beside else name
        if self.kind is CandidateKind.PLATFORM:
            return f"{ORACLE} on {name}"
        return ORACLE if self.told in {ORACLE, CONFIGURED} else f"{ORACLE} as {name}"

    @property
    def price_list(self) -> PriceList | None:
        """None: App Runner's, as the scenario has them; so on the platform of that name too, for the Region's sake."""
        if self.kind is CandidateKind.POLICY or (self.told == APP_RUNNER and self.prices is None):
            return None
        return self.prices or platform_named(self.told).prices

    def applied(self, scenario: Scenario) -> Scenario:
        """The scenario as this candidate plays it.

        Raises:
            ValueError: for an unknown name, a user's file that is no policy, or a policy that does not fit.
        """
        if self.kind is CandidateKind.PLATFORM:
            there = on_platform(scenario, _told_preset(platform_named(self.told), self.prices))
            return with_oracle(there) if self.is_oracle else there
        keeps = self.told in {CONFIGURED, ORACLE}
        if new := renamed(self.told, {CONFIGURED}):
            msg = f"policy = {self.told!r}, must be another: it is now `{new}`"
            raise ValueError(msg)
        there = scenario if keeps else scenario.with_policy(self.told, self.on_error)
        return with_oracle(there) if self.is_oracle else there

    @property
    def reference(self) -> Candidate:
        """The oracle that its regret is measured against: with its actuator, its queue, its limits and its prices."""
        told = CONFIGURED if self.told == ORACLE else self.told
        return dataclasses.replace(self, told=told, is_oracle=True)


def distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """As given. Raises ValueError when two have the same label: their rows could not be told apart."""
    labels = [candidate.label for candidate in candidates]
    for label in labels:
        if labels.count(label) > 1:
            msg = f"candidate = {label!r} twice, must be given once (a user's policy is known by its class)"
            raise ValueError(msg)
    return list(candidates)


def references(candidates: Sequence[Candidate], scenarios: Iterable[Scenario] = ()) -> dict[str, Candidate]:
    """By the label of each candidate its oracle: one for all that play it the same way in every one of `scenarios`.

    A candidate that is an oracle already is the reference of those whose oracle would be the same.
    """
    played: dict[str, Candidate] = {}
    known = list(scenarios)
    found: dict[str, Candidate] = {}
    plain = Candidate(CandidateKind.POLICY, CONFIGURED, is_oracle=True)
    if known and any(candidate.kind is CandidateKind.POLICY for candidate in candidates):
        played[_way(plain, known)] = plain
    for candidate in sorted(candidates, key=lambda one: (not one.is_oracle, one.told != CONFIGURED)):
        own = candidate if candidate.is_oracle else candidate.reference
        found[candidate.label] = played.setdefault(_way(own, known), own)
    return {candidate.label: found[candidate.label] for candidate in candidates}


def _way(oracle: Candidate, scenarios: Sequence[Scenario]) -> str:
    """What tells one way of playing the scenarios from another."""
    return repr((oracle.price_list, [oracle.applied(scenario).services for scenario in scenarios] or oracle.label))


def with_oracle(scenario: Scenario) -> Scenario:
    """The oracle in every service, with the actuator of the policy that it replaces."""
    return scenario.with_services(
        {label: {"policy": _oracle_for(service)} for label, service in scenario.services.items()}
    )


def on_platform(scenario: Scenario, preset: PlatformPreset) -> Scenario:
    """The scenario with every service as it would stand on that platform."""
    return scenario.with_services(
        {label: _service_changes(label, service, preset) for label, service in scenario.services.items()}
    )


def _told_preset(preset: PlatformPreset, prices: PriceList | None) -> PlatformPreset:
    """With the minimum of instances that a file of prices has; where idle ones are cheaper they are told apart."""
    if prices is None or prices.min_size is None:
        return preset
    idle_after_s = preset.idle_after_s
    if prices.min_size > 0 and prices.idle_vcpu_hour is not None:
        idle_after_s = idle_after_s or IDLE_RATE_AFTER_S
    return dataclasses.replace(preset, min_size=prices.min_size, idle_after_s=idle_after_s)


def _oracle_for(service: ServiceSpec) -> PolicySpec:
    actuator = service.policy.actuator(service.scaling)
    section = section_of(ORACLE)
    assert section is not None, "the registry has an oracle"
    lag: dict[str, Any] = {"start_lag": f"{actuator.start_lag_s:.6f}s", "activates": actuator.activates}
    if actuator.startup_probe_s is not None:
        lag["startup_probe"] = f"{actuator.startup_probe_s:.6f}s"
    return section.model_validate({"name": ORACLE, **lag})


def _service_changes(label: str, service: ServiceSpec, preset: PlatformPreset) -> dict[str, Any]:
    max_concurrency = preset.max_concurrency or service.max_concurrency
    places = service.max_size * service.max_concurrency
    max_size = service.max_size if max_concurrency >= service.max_concurrency else -(-places // max_concurrency)
    max_size = min(max_size, preset.max_size or max_size)
    behaviour = preset_behaviour(preset)
    changes: dict[str, Any] = {
        **behaviour_changes(behaviour),
        "policy": preset_policy(service, behaviour, preset.policy, preset.parameters),
        "max_concurrency": max_concurrency,
        "max_size": max_size,
        "min_size": min(preset.min_size, max_size),
        "initial_size": None if service.initial_size is None else min(service.initial_size, max_size),
        "startup_probe_s": None,  # as the platform does it
    }
    simulated = service.application.simulated
    if preset.start_up is not None and simulated is not None:
        slower = simulated.model_copy(update={"start_up": _start_up(label, simulated, preset)})
        changes["application"] = service.application.model_copy(update={"simulated": slower})
    return changes


def _start_up(label: str, simulated: SimulatedSpec, preset: PlatformPreset) -> LawSpec:
    """The application's start and the platform's, one after the other: the sum of two laws, as values of it."""
    assert preset.start_up is not None
    rng = Chance(0).stream("platform", preset.name, label, "start-up")
    own = LogNormal.of_median(*preset.start_up).draw(rng, START_UP_VALUES)
    sums = own + simulated.start_up.law.draw(rng, START_UP_VALUES)
    return LawSpec.model_validate({"empirical": [f"{value:.6f}s" for value in sums.tolist()]})


def candidates_of(
    policies: Sequence[str],
    platforms: Sequence[str],
    prices: Mapping[str, PriceList],
    on_error: OnPolicyError = OnPolicyError.STOP,
) -> list[Candidate]:
    """Policies first, then platforms, in the order given.

    Raises:
        ValueError: for an unknown platform, one given twice, or prices of a platform that is not compared.
    """
    for name in platforms:
        platform_named(name)
    strangers = [name for name in prices if name not in platforms]
    if strangers:
        msg = f"prices = {', '.join(strangers)}, must be of platforms that are compared"
        raise ValueError(msg)
    return distinct(
        [
            *(Candidate(CandidateKind.POLICY, name, is_oracle=name == ORACLE, on_error=on_error) for name in policies),
            *(
                Candidate(CandidateKind.PLATFORM, name, prices=prices.get(name), beside=name in policies)
                for name in platforms
            ),
        ]
    )
