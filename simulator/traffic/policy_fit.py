"""Checks whether the policies of a scenario can act in it. The notes are printed before a run and are first in its
report. A scenario in which a policy has no effect still runs, since this may be intended, but always with a note. A
note CANNOT_ACT is certain: no load makes the policy scale out in this scenario.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, assert_never

from simulator.model.text.units import duration_text
from simulator.rules.platforms.behaviour import behaviour_of
from simulator.rules.policies.requirements import Requirements, Signal, Trigger
from simulator.traffic.signal_levels import signal_levels

if TYPE_CHECKING:
    from simulator.scenario.scenario import ScenarioSpec
    from simulator.scenario.sections.policy_spec import PolicySpec
    from simulator.scenario.sections.service_spec import ServiceSpec

# The policy that never changes the number of instances, by design.
BASELINE: Final = "fixed"


class NoteKind(StrEnum):
    """The kind of a note, most severe first.

    BASELINE: the policy never acts, by design. BROUGHT: what `--policy` changed in addition to the policy.
    """

    CANNOT_ACT = "cannot act"
    LIMITED = "limited"
    BASELINE = "baseline"
    BROUGHT = "brought"


class PolicyNote(NamedTuple):
    """A sentence about the policy of a service in this scenario.

    For LIMITED, `needs_s` is the window that is longer than the run or, with `is_history`, the history.
    """

    service: str
    policy: str
    kind: NoteKind
    text: str
    needs_s: float = 0.0
    is_history: bool = False


def policy_notes(scenario: ScenarioSpec) -> list[PolicyNote]:
    """Return what readers must know about the policies before they use the figures, most severe first."""
    notes = [note for name in scenario.services for note in _notes_of(scenario, name)]
    notes += [
        PolicyNote(name, scenario.services[name].policy.name, NoteKind.BROUGHT, text)
        for name, text in scenario.brought.items()
    ]
    return sorted(notes, key=lambda note: list(NoteKind).index(note.kind))


def requirements_of(scenario: ScenarioSpec, name: str) -> Requirements | None:
    """Return the requirements of the service's policy; None if it does not declare any."""
    service = scenario.services[name]
    return service.policy.kind.requires(sized_parameters(service), service.scaling)


def sized_parameters(service: ServiceSpec) -> Any:
    """Return the policy's parameters, for the size of the service's instances.

    An image that the scenario has its instances pull is pulled by them, so it is no stage of the platform's start.
    """
    parameters, simulated = service.policy.sized(service.size), service.application.simulated
    if hasattr(parameters, "image_bytes") and simulated is not None and simulated.image is not None:
        return dataclasses.replace(parameters, image_bytes=0.0)
    return parameters


def adapted_parameters(policy: PolicySpec) -> str:
    """Return the parameters that differ from the policy's defaults: `window 4s (default 60s), ...`; empty if
    none does.
    """
    fields = type(policy).model_fields
    changed = [
        f"{fields[name].alias or name} {_value_text(name, getattr(policy, name))} "
        f"(default {_value_text(name, fields[name].get_default(call_default_factory=True))})"
        for name in fields
        if name in policy.model_fields_set - {"name"}
        and getattr(policy, name) != fields[name].get_default(call_default_factory=True)
    ]
    return ", ".join(changed)


def _value_text(name: str, value: object) -> str:
    if name.endswith(("_bytes", "_bytes_per_second")) and isinstance(value, int | float):
        return f"{value / 1024**2:g} MB{'/s' * name.endswith('_per_second')}"
    if name.endswith("_s") and isinstance(value, int | float):
        return duration_text(value) if value else "0s"
    if isinstance(value, tuple):
        return f"{len(value)} entries" if value else "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _notes_of(scenario: ScenarioSpec, name: str) -> Iterator[PolicyNote]:
    policy = scenario.services[name].policy.name
    needs = requirements_of(scenario, name)
    if needs is None:
        return
    if not needs.triggers and policy == BASELINE:
        text = f"{policy} never changes the number of instances: it is a baseline"
        yield PolicyNote(name, policy, NoteKind.BASELINE, text)
        return
    unable = _cannot_act(scenario, name, needs)
    if unable:
        yield PolicyNote(name, policy, NoteKind.CANNOT_ACT, f"{policy} {unable}")
        return
    limit = _limit(scenario, needs)
    if limit:
        is_history = needs.history_s > scenario.duration_s
        needs_s = needs.history_s if is_history else needs.slowest_s
        yield PolicyNote(name, policy, NoteKind.LIMITED, f"{policy} {limit}", needs_s, is_history)


def _cannot_act(scenario: ScenarioSpec, name: str, needs: Requirements) -> str:
    """Return why the policy never scales out here, as the predicate of a sentence about it; empty if it can."""
    service = scenario.services[name]
    begins_s = min((scenario.traffic[index].from_s for index in scenario.sources_of(name)), default=0.0)
    left_s = scenario.duration_s - begins_s
    if not needs.triggers:
        return "has no schedule, so it keeps MinSize: give it one (`policy: {name: scheduled, schedule: [...]}`)"
    if service.max_size <= service.ready_at_start:
        return f"cannot add instances: {name} starts with {service.ready_at_start} instances, which is its MaxSize"
    levels = signal_levels(scenario, name)
    if all(levels[trigger.signal] <= trigger.above for trigger in needs.triggers):
        return _unreachable(name, service, needs.triggers[0], levels[needs.triggers[0].signal])
    if needs.soonest_s >= left_s:
        return (
            f"scales out {duration_text(needs.soonest_s)} after an overload has begun at the earliest, and the traffic "
            f"of {name} lasts {duration_text(left_s)}: it cannot scale out; make the run longer"
        )
    return ""


def _unreachable(name: str, service: ServiceSpec, trigger: Trigger, level: float) -> str:
    above, slots = trigger.above, service.max_concurrency
    end = f"so it cannot scale out{_beyond_one(service)}"
    queue = f"use {_platform_text(service)}`overflow: queue`"
    match trigger.signal:
        case Signal.QUEUED:
            return f"scales on queued requests; {name} rejects them, {end}: {queue}"
        case Signal.CPU | Signal.MEMORY:
            return _unreachable_use(name, service, trigger, level, end)
        case Signal.RATE:
            return (
                f"scales out above {above:.4g} requests/s at each instance; the traffic of {name} never reaches that, "
                f"{end}: lower the target"
            )
        case Signal.LATENCY:
            return (
                f"scales out above a 95th percentile of {duration_text(above)}; {name} rejects what would be slower "
                f"(a served request takes up to {duration_text(level)}), {end}: {queue}, or lower the goal"
            )
        case Signal.CONCURRENCY:
            rejects = service.waiting.mode == "reject"
            limit = f"admits {slots} and rejects the rest" if rejects else f"has {level:.4g} at most, with its queue"
            return (
                f"scales out above {above:.4g} requests in progress at each instance; {name} {limit}, {end}: "
                f"{f'{queue}, or ' if rejects else ''}lower the target"
            )
        case Signal.OFFERED | Signal.SCHEDULE | Signal.DEMAND:
            msg = f"{trigger.signal} has no bound (signal_levels.py), so every threshold can be reached"
            raise AssertionError(msg)
        case _:
            assert_never(trigger.signal)


def _unreachable_use(name: str, service: ServiceSpec, trigger: Trigger, level: float, end: str) -> str:
    """Return why the use of CPU or memory never exceeds the trigger."""
    key, unit = ("cpu", "vCPU") if trigger.signal is Signal.CPU else ("memory", "GB of memory")
    if level == 0:
        other = "or choose another policy"
        return f"scales on {trigger.signal}; the application of {name} uses none, {end}: give it `{key}`, {other}"
    return (
        f"scales out above {trigger.above:.3g} {unit} in use at each instance; {name} uses {level:.3g} with all of its "
        f"{service.max_concurrency} slots taken, {end}: raise max_concurrency or lower the target"
    )


def _beyond_one(service: ServiceSpec) -> str:
    """Return a restriction to further instances if MinSize is 0: the start of the first instance is a separate case."""
    return " beyond the first instance" if service.min_size == 0 else ""


def _platform_text(service: ServiceSpec) -> str:
    behaviour = behaviour_of(service.policy.name)
    return f"the platform preset {behaviour.preset} or " if behaviour is not None and behaviour.preset else ""


def _limit(scenario: ScenarioSpec, needs: Requirements) -> str:
    """Return why the run shows only a part of the policy, as the predicate of a sentence; empty if it shows all."""
    duration = duration_text(scenario.duration_s)
    if needs.history_s > scenario.duration_s:
        return (
            f"forecasts after {duration_text(needs.history_s)} of history; the run lasts {duration}: "
            f"{needs.without_history}"
        )
    if needs.slowest_s >= scenario.duration_s:
        return (
            f"needs up to {duration_text(needs.slowest_s)} for its slowest window or delay; the run lasts {duration}, "
            "so only a part of what it does is seen"
        )
    return ""
