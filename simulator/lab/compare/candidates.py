"""Candidates: the policies and platforms of a comparison, as changes to a scenario.

A policy candidate replaces the policy of every service and changes nothing else. A platform candidate also has its
limits, its overflow, its start of instances and its price list. An oracle knows the future demand and has the actuator,
limits and prices of the candidate that it replaces.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from simulator.model.text.renamed import renamed
from simulator.rules.platforms.billing import PriceList
from simulator.rules.platforms.preset import PlatformPreset
from simulator.rules.platforms.presets import platform_named
from simulator.rules.platforms.size_changes.moved_size import MovedSize
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.scenario.policy_platform import platform_changes
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.policy_spec import PolicySpec, section_of
from simulator.scenario.sections.service_spec import ServiceSpec
from simulator.scenario.user_policy import is_user_policy
from simulator.traffic.policy_fit import sized_parameters

ORACLE: Final = "oracle"
APP_RUNNER: Final = "app-runner"
# The scenario's own policy with its parameters.
CONFIGURED: Final = "configured"
# ASSUMPTION: a replica is billed at the idle rate from one second after its last request, as billing is by the second.
# The definition of idle is published, but not how long it has to last; the metrics and the bill of a replica would
# settle it.
IDLE_RATE_AFTER_S: Final = 1.0


class CandidateKind(StrEnum):
    POLICY = "policy"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate. `given`, as on the command line: a policy's name, `configured`, `FILE.py:CLASS`, or a platform.

    `is_oracle`: play the oracle with the actuator, limits and prices of the candidate that `given` names. `prices`: the
    price list of a platform; None for the preset's. `beside`: a policy of the same name is compared too, so the label
    ends with `platform`.
    """

    kind: CandidateKind
    given: str
    is_oracle: bool = False
    prices: PriceList | None = None
    on_error: OnPolicyError = OnPolicyError.STOP
    beside: bool = False

    @property
    def label(self) -> str:
        """Short name, unique within a comparison (`distinct` checks it)."""
        name = self.given.rpartition(":")[2] if is_user_policy(self.given) else self.given
        if not self.is_oracle:
            return f"{name} platform" if self.beside else name
        if self.kind is CandidateKind.PLATFORM:
            return f"{ORACLE} on {name}"
        return ORACLE if self.given in {ORACLE, CONFIGURED} else f"{ORACLE} as {name}"

    @property
    def price_list(self) -> PriceList | None:
        """The price list; None for App Runner's prices by Region, which the preset `app-runner` uses too."""
        if self.kind is CandidateKind.POLICY or (self.given == APP_RUNNER and self.prices is None):
            return None
        return self.prices or platform_named(self.given).prices

    def applied(self, scenario: ScenarioSpec) -> ScenarioSpec:
        """Return the scenario as changed by this candidate.

        Raises:
            ValueError: for an unknown name, a user's file without a policy, or a policy that does not fit.
        """
        if self.kind is CandidateKind.PLATFORM:
            there = on_platform(scenario, _preset_with_prices(platform_named(self.given), self.prices))
            return with_oracle(there) if self.is_oracle else there
        keeps = self.given in {CONFIGURED, ORACLE}
        if new := renamed(self.given, {CONFIGURED}):
            msg = f"policy = {self.given!r}, must be another: it is now `{new}`"
            raise ValueError(msg)
        there = scenario if keeps else scenario.with_policy(self.given, self.on_error)
        return with_oracle(there) if self.is_oracle else there

    def moved_size(self, scenario: ScenarioSpec, service: str) -> MovedSize | None:
        """Return the change of size of a service; None for a policy, and if the platform offers the scenario's size."""
        if self.kind is CandidateKind.POLICY:
            return None
        asked, there = scenario.services[service].size, self.applied(scenario).services[service]
        if there.size == asked:
            return None
        preset = platform_named(self.given)
        taken = preset.sizes.nearest(asked, there.max_concurrency)
        return MovedSize(asked, taken, self.price_list or preset.prices)

    @property
    def reference(self) -> Candidate:
        """The oracle that defines this candidate's regret: it has the same actuator, queue, limits and prices."""
        given = CONFIGURED if self.given == ORACLE else self.given
        return dataclasses.replace(self, given=given, is_oracle=True)


def distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates unchanged.

    Raises:
        ValueError: if two candidates have the same label, so that their rows could not be distinguished.
    """
    labels = [candidate.label for candidate in candidates]
    for label in labels:
        if labels.count(label) > 1:
            msg = f"candidate = {label!r} twice, must be given once (a user's policy is known by its class)"
            raise ValueError(msg)
    return list(candidates)


def references(candidates: Sequence[Candidate], scenarios: Iterable[ScenarioSpec] = ()) -> dict[str, Candidate]:
    """Map each candidate's label to its oracle. Candidates whose oracles play all `scenarios` identically share one.

    A candidate that is itself an oracle is the reference of every candidate whose oracle would play identically.
    """
    played: dict[str, Candidate] = {}
    known = list(scenarios)
    found: dict[str, Candidate] = {}
    plain = Candidate(CandidateKind.POLICY, CONFIGURED, is_oracle=True)
    if known and any(candidate.kind is CandidateKind.POLICY for candidate in candidates):
        played[_oracle_key(plain, known)] = plain
    for candidate in sorted(candidates, key=lambda one: (not one.is_oracle, one.given != CONFIGURED)):
        own = candidate if candidate.is_oracle else candidate.reference
        found[candidate.label] = played.setdefault(_oracle_key(own, known), own)
    return {candidate.label: found[candidate.label] for candidate in candidates}


def _oracle_key(oracle: Candidate, scenarios: Sequence[ScenarioSpec]) -> str:
    """Return a key that is equal for oracles that play the scenarios identically."""
    return repr((oracle.price_list, [oracle.applied(scenario).services for scenario in scenarios] or oracle.label))


def with_oracle(scenario: ScenarioSpec) -> ScenarioSpec:
    """Return the scenario with an oracle in every service, with the actuator of the policy that it replaces."""
    return scenario.with_services(
        {label: {"policy": _oracle_for(service)} for label, service in scenario.services.items()}
    )


def on_platform(scenario: ScenarioSpec, preset: PlatformPreset) -> ScenarioSpec:
    """Return the scenario with the platform's limits, overflow, start of instances, nearest size and policy in every
    service.
    """
    return scenario.with_services(
        {label: platform_changes(service, preset) for label, service in scenario.services.items()}
    )


def _preset_with_prices(preset: PlatformPreset, prices: PriceList | None) -> PlatformPreset:
    """Return the preset with the MinSize of a price file; idle instances are marked if they have their own rate."""
    if prices is None or prices.min_size is None:
        return preset
    idle_after_s = preset.idle_after_s
    if prices.min_size > 0 and prices.idle_vcpu_hour is not None:
        idle_after_s = idle_after_s or IDLE_RATE_AFTER_S
    return dataclasses.replace(preset, min_size=prices.min_size, idle_after_s=idle_after_s)


def _oracle_for(service: ServiceSpec) -> PolicySpec:
    actuator = service.policy.kind.build(sized_parameters(service), service.scaling).actuator
    section = section_of(ORACLE)
    assert section is not None, "the registry has an oracle"
    lag: dict[str, Any] = {"start_lag": f"{actuator.start_lag_s:.6f}s", "activates": actuator.activates}
    if actuator.startup_probe_s is not None:
        lag["startup_probe"] = f"{actuator.startup_probe_s:.6f}s"
    return section.model_validate({"name": ORACLE, **lag})


def candidates_of(
    policies: Sequence[str],
    platforms: Sequence[str],
    prices: Mapping[str, PriceList],
    on_error: OnPolicyError = OnPolicyError.STOP,
) -> list[Candidate]:
    """Return the candidates: policies first, then platforms, each in the order given.

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
