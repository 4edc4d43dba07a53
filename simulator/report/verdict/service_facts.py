"""What the verdict knows about a service that is in no record of its requests or instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from simulator.scenario.sections.service_spec import ServiceSpec
from simulator.scenario.sections.simulated.simulated_spec import SimulatedSpec
from simulator.scenario.sections.traffic_spec import SourceSpec


class ResourceFacts(NamedTuple):
    """How the calls in progress of a downstream resource slow each other down: the coefficients of the Universal
    Scalability Law.
    """

    contention: float = 0.0
    coherency: float = 0.0


class ServiceFacts(NamedTuple):
    """Facts about a service from its scenario.

    `request_cpu_s`: mean CPU time of a request of a simulated application; None if unknown. `parallelism`: processors
    that the application can use at a time; None: all. `downstream`: the resources that its requests call.
    `request_timeout_s`: time limit of a request. `deploys_versions`: the timeline deploys versions whose application
    differs.
    """

    request_cpu_s: float | None = None
    parallelism: int | None = None
    downstream: Mapping[str, ResourceFacts] = MappingProxyType({})
    request_timeout_s: float = 120.0
    deploys_versions: bool = False


NO_FACTS: Final = ServiceFacts()


def facts_of(service: ServiceSpec, sources: Sequence[SourceSpec], *, deploys_versions: bool = False) -> ServiceFacts:
    """Return the facts about a service. `sources`: those that send to it."""
    application = service.application
    simulated = application.simulated
    return ServiceFacts(
        request_cpu_s=None if simulated is None else _request_cpu_s(simulated, sources),
        parallelism=None if simulated is None else simulated.parallelism,
        downstream={name: ResourceFacts(use.contention, use.coherency) for name, use in application.downstream.items()},
        request_timeout_s=service.request_timeout_s,
        deploys_versions=deploys_versions,
    )


def _request_cpu_s(simulated: SimulatedSpec, sources: Sequence[SourceSpec]) -> float | None:
    """Return the mean CPU time of a request; None if it depends on sizes or steps, or differs between sources."""
    if simulated.depends_on_size or any(source.session for source in sources):
        return None
    means = {_source_cpu_s(simulated, source) for source in sources}
    return means.pop() if len(means) == 1 else None


def _source_cpu_s(simulated: SimulatedSpec, source: SourceSpec) -> float:
    total = 0.0
    for request in source.requests:
        given = simulated.paths.get(request.path.partition("?")[0])
        cpu = simulated.cpu if given is None or given.cpu is None else given.cpu
        total += request.weight * cpu.distribution.mean
    return total / sum(request.weight for request in source.requests)
