"""The changes that may prevent a loss: for each cause the settings that act on it, with values from small to large."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, assert_never

from simulator.model.sizes import CPU_UNITS_PER_VCPU, MB_PER_GB, SUPPORTED
from simulator.report.schema import Report, ServicePart
from simulator.report.verdict.part import CauseKind, CausePart
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.service_spec import ServiceSpec

MIN_SIZE_MAX: Final = 25  # App Runner's limits (model/scaling.py)
MAX_CONCURRENCY_MAX: Final = 200
_SIZE_FACTOR: Final = 8
_FACTORS: Final = (1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0)
_CONNECTION_FACTORS: Final = (1.5, 2.0, 4.0, 8.0)

Changed = Callable[[ScenarioSpec, int], ScenarioSpec]


class Ladder(NamedTuple):
    """Values of one setting of a service, the smallest change first. `guess`: the position to try first.

    `keys`: what a change sets; two ladders can be combined if they have none in common. `slows`: larger changes make
    requests slower.
    """

    service: str
    cause: CauseKind
    values: Sequence[int]
    guess: int
    label: Callable[[int], str]
    changed: Changed
    keys: frozenset[str]
    slows: bool = False


def combined(first: Ladder, value: int, second: Ladder, guess: int) -> Ladder:
    """Return the values of `second`, each together with a value of `first`."""
    return Ladder(
        second.service,
        first.cause,
        second.values,
        guess,
        lambda other: f"{first.label(value)} and {second.label(other)}",
        lambda scenario, other: second.changed(first.changed(scenario, value), other),
        first.keys | second.keys,
        second.slows,
    )


def ladders(scenario: ScenarioSpec, report: Report, part: ServicePart, cause: CausePart) -> list[Ladder]:
    """Return the settings that act on a cause, none for a cause outside the service's settings."""
    name, service = part.name, scenario.services[part.name]
    if cause.kind is CauseKind.CRASH and cause.outcome == "failed":
        return []  # the requests in progress at an instance that crashes
    match cause.kind:
        case CauseKind.START_LAG | CauseKind.SCALE_IN | CauseKind.CRASH:
            found = [_min_size(name, service, part, cause)]
        case CauseKind.DEPLOYMENT:
            found = [_version_before(name, scenario, cause)]
            if cause.outcome != "failed":
                found.append(_min_size(name, service, part, cause))
        case CauseKind.MAX_SIZE:
            found = [_max_size(name, service, part, cause)]
        case CauseKind.MAX_CONCURRENCY_LOW:
            found = [_max_concurrency_up(name, service, cause), _min_size(name, service, part, cause)]
        case CauseKind.MAX_CONCURRENCY_HIGH:
            found = [_max_concurrency_down(name, service, cause), _size(name, service, cause)]
        case CauseKind.THROTTLED_CPU:
            found = [_max_size(name, service, part, cause), _size(name, service, cause)]
        case CauseKind.TIME_OUT | CauseKind.NETWORK_FAULT | CauseKind.APPLICATION:
            found = []
        case CauseKind.RETRIES:
            found = [_no_retries(name, scenario, cause)]
        case CauseKind.DOWNSTREAM:
            full = [each.name for each in report.downstream if each.connections_max >= each.connections]
            used = [resource for resource in service.application.downstream if resource in full]
            found = [_connections(name, resource, scenario, cause) for resource in used]
            found.append(_fewer_instances(name, service, cause))
        case _:
            assert_never(cause.kind)
    return [ladder for ladder in found if ladder.values]


def _ladder(
    name: str,
    cause: CausePart,
    values: Sequence[int],
    guess: int,
    label: Callable[[int], str],
    **settings: Callable[[ServiceSpec, int], object],
) -> Ladder:
    """Return a ladder that sets fields of a service, each computed from the service and the value."""

    def changed(scenario: ScenarioSpec, value: int) -> ScenarioSpec:
        service = scenario.services[name]
        return scenario.with_services({name: {field: get(service, value) for field, get in settings.items()}})

    return Ladder(name, cause.kind, values, guess, label, changed, frozenset(settings))


def _min_size(name: str, service: ServiceSpec, part: ServicePart, cause: CausePart) -> Ladder:
    """MinSize up to App Runner's limit; MaxSize rises with it. The guess: the most instances wanted for the loss."""
    values = range(service.min_size + 1, min(MIN_SIZE_MAX, _SIZE_FACTOR * max(service.max_size, 2)) + 1)
    later_s = max((each.ready_after_s or 0.0 for each in part.decisions), default=0.0)
    wanted = [each.desired for each in part.decisions if cause.begin_s - later_s <= each.at_s <= cause.end_s + later_s]
    return _ladder(
        name,
        cause,
        values,
        _position(values, max([*wanted, service.min_size + 1])),
        lambda value: f"MinSize {value}" + (f" and MaxSize {value}" if value > service.max_size else ""),
        min_size=lambda _, value: value,
        max_size=lambda given, value: max(given.max_size, value),
    )


def _max_size(name: str, service: ServiceSpec, part: ServicePart, cause: CausePart) -> Ladder:
    """MaxSize; the guess: as many more instances as requests were offered than served."""
    values = range(service.max_size + 1, service.max_size * _SIZE_FACTOR + 1)
    series = part.series
    first, last = int(cause.begin_s / series.width_s), int(cause.end_s / series.width_s) + 1
    ratios = [
        offered / served
        for offered, served in zip(series.offered[first:last], series.served[first:last], strict=True)
        if served
    ]
    guess = round(service.max_size * max(ratios, default=2.0) + 0.5)
    is_fixed = service.min_size == service.max_size
    return _ladder(
        name,
        cause,
        values,
        _position(values, guess),
        lambda value: f"MinSize {value} and MaxSize {value}" if is_fixed else f"MaxSize {value}",
        max_size=lambda _, value: value,
        min_size=lambda given, value: value if is_fixed else given.min_size,
    )


def _fewer_instances(name: str, service: ServiceSpec, cause: CausePart) -> Ladder:
    """MaxSize below today's, which limits the calls in progress of a resource that they slow down."""
    values = range(service.max_size - 1, max(service.min_size, 1) - 1, -1)
    label = "MaxSize {}".format
    return _ladder(name, cause, values, len(values) // 2, label, max_size=lambda _, value: value)


def _max_concurrency_up(name: str, service: ServiceSpec, cause: CausePart) -> Ladder:
    raised = (round(service.max_concurrency * factor + 0.499) for factor in _FACTORS)
    values = sorted({min(value, MAX_CONCURRENCY_MAX) for value in raised} - {service.max_concurrency})
    return _max_concurrency(name, values, min(2, len(values) - 1), cause)._replace(slows=True)


def _max_concurrency_down(name: str, service: ServiceSpec, cause: CausePart) -> Ladder:
    lowered = (max(1, int(service.max_concurrency / factor)) for factor in _FACTORS)
    values = sorted(set(lowered) - {service.max_concurrency}, reverse=True)
    return _max_concurrency(name, values, min(4, len(values) - 1), cause)


def _max_concurrency(name: str, values: Sequence[int], guess: int, cause: CausePart) -> Ladder:
    label = "MaxConcurrency {}".format
    return _ladder(name, cause, values, guess, label, max_concurrency=lambda _, value: value)


def _size(name: str, service: ServiceSpec, cause: CausePart) -> Ladder:
    """Return the larger instance sizes of App Runner, by the units of their CPU, with as much memory or more."""
    memory = {
        cpu: next((size for size in sizes if size >= service.memory_mb), sizes[-1])
        for cpu, sizes in SUPPORTED.items()
        if cpu > service.cpu_units and service.platform is None
    }
    return _ladder(
        name,
        cause,
        sorted(memory),
        0,
        lambda value: f"{value / CPU_UNITS_PER_VCPU:g} vCPU / {memory[value] / MB_PER_GB:g} GB",
        cpu_units=lambda _, value: value,
        memory_mb=lambda _, value: memory[value],
    )


def _no_retries(name: str, scenario: ScenarioSpec, cause: CausePart) -> Ladder:
    """Clients that do not retry: one value, the only one."""
    sources = set(scenario.sources_of(name))

    def changed(given: ScenarioSpec, _: int) -> ScenarioSpec:
        traffic = tuple(
            source.model_copy(update={"retry": None}) if index in sources else source
            for index, source in enumerate(given.traffic)
        )
        return given.model_copy(update={"traffic": traffic})

    values = [0] if any(scenario.traffic[index].retry is not None for index in sources) else []
    return Ladder(name, cause.kind, values, 0, lambda _: "Clients without retries", changed, frozenset({"traffic"}))


def _version_before(name: str, scenario: ScenarioSpec, cause: CausePart) -> Ladder:
    """The service without the versions that the timeline deploys: one value, the only one."""

    def changed(given: ScenarioSpec, _: int) -> ScenarioSpec:
        kept = tuple(event for event in given.timeline if not event.deploys_version_of(name))
        return given.model_copy(update={"timeline": kept})

    values = [0] if any(event.deploys_version_of(name) for event in scenario.timeline) else []
    return Ladder(name, cause.kind, values, 0, lambda _: "The version before", changed, frozenset({"timeline"}))


def _connections(name: str, resource: str, scenario: ScenarioSpec, cause: CausePart) -> Ladder:
    """More connections of a downstream resource, in all services that share it."""
    now = scenario.services[name].application.downstream[resource].connections

    def changed(given: ScenarioSpec, value: int) -> ScenarioSpec:
        changes: dict[str, Mapping[str, object]] = {}
        for label, service in given.services.items():
            uses = service.application.downstream
            if resource in uses:
                more = {**uses, resource: uses[resource].model_copy(update={"connections": value})}
                changes[label] = {"application": service.application.model_copy(update={"downstream": more})}
        return given.with_services(changes)

    values = sorted({round(now * factor + 0.499) for factor in _CONNECTION_FACTORS} - {now})
    label = f"{{}} connections to {resource}".format
    return Ladder(name, cause.kind, values, 1, label, changed, frozenset({"downstream"}))


def _position(values: Sequence[int], wanted: int) -> int:
    """Return the position of the smallest value that is not below `wanted`, or the last one."""
    return min(bisect.bisect_left(values, wanted), max(0, len(values) - 1))
