"""Starts the sources of a scenario as clients of an open platform."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar, cast

import numpy as np

from simulator.model.times import RunTime
from simulator.platform.platform import Platform
from simulator.records.request_log import RequestRows
from simulator.rules.retries import Retries
from simulator.scenario.files.data_file import data_rows
from simulator.scenario.rate_factor import rate_factor
from simulator.scenario.request_numbers import RequestKind
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.distribution_spec import DistributionSpec
from simulator.scenario.sections.shape_spec import ClosedSpec
from simulator.traffic.clients import (
    ClosedClient,
    OpenClient,
    RetryingClient,
    SessionClient,
    SimulatedClient,
)
from simulator.traffic.live_overrides import LiveOverrides
from simulator.traffic.request_choices import request_choices
from simulator.traffic.scripts import Script, ramped
from simulator.traffic.shapes.arrivals import arrival_chunks
from simulator.world.random_streams import RandomStreams

THINK_TIMES = 1024  # thinking times sampled at a time
CHOICES = 1024

Kind = TypeVar("Kind")


class Traffic(Protocol):
    """All sources of a run."""

    def stop(self) -> None:
        """Send no new requests."""

    async def drained(self) -> None:
        """Wait until every request that was sent has ended."""

    async def close(self) -> None:
        """Stop, and close every connection. Idempotent."""


class VirtualTraffic:
    """Simulated clients, one per source."""

    def __init__(self, clients: Sequence[SimulatedClient]) -> None:
        self._clients = clients

    def stop(self) -> None:
        for client in self._clients:
            client.stop()

    async def drained(self) -> None:
        for client in self._clients:
            await client.drained()

    async def close(self) -> None:
        self.stop()


def virtual_traffic(
    scenario: ScenarioSpec,
    platform: Platform,
    streams: RandomStreams,
    rows: RequestRows,
    overrides: LiveOverrides | None = None,
) -> VirtualTraffic:
    """Start the sources at once. Call this when the platform's clock has started."""
    clients: list[SimulatedClient] = []
    for index, source in enumerate(scenario.traffic):
        service = platform.services[source.service]
        kinds = kinds_drawn(scenario, streams, index)
        if source.closed is None:
            times = arrival_times(scenario, streams, index, overrides)
            retries, end_s = retries_of(scenario, streams, index), RunTime(scenario.duration_s)
            if source.session:
                script = script_of(scenario, streams, index, scenario.numbers.kinds(index), kinds.__next__)
                clients.append(SessionClient(service, script, rows, platform.clock, times, end_s))
            elif retries is not None:
                clients.append(
                    RetryingClient(service, kinds, rows, platform.clock, times, retries, platform.journal, end_s)
                )
            else:
                clients.append(OpenClient(service, kinds, rows, platform.clock, times, end_s))
        else:
            closed = ClosedClient(
                service,
                kinds,
                rows,
                platform.clock,
                users=source.closed.users,
                think=lambda: 0.0,  # the script returns the thinking times
                script=script_of(scenario, streams, index, scenario.numbers.kinds(index), kinds.__next__),
                changes=user_changes(source.closed),
                from_s=RunTime(source.from_s),
                until_s=RunTime(source.end_s(scenario.duration_s)),
                journal=platform.journal,
            )
            clients.append(closed)
            if overrides is not None:
                overrides.add_population(source.service, closed.set_factor)
    return VirtualTraffic(clients)


def arrival_times(
    scenario: ScenarioSpec, streams: RandomStreams, index: int, overrides: LiveOverrides | None = None
) -> Iterator[RunTime]:
    """Yield the seconds of the run at which the open source at position `index` sends, in order."""
    times = _planned_times(scenario, streams, index)
    if overrides is not None:
        service, stream = scenario.traffic[index].service, streams.stream("traffic", index, "knob")
        times = overrides.multiplied(service, times, stream)
    return cast("Iterator[RunTime]", times)


def _planned_times(scenario: ScenarioSpec, streams: RandomStreams, index: int) -> Iterator[float]:
    source = scenario.traffic[index]
    factor = rate_factor(scenario.timeline, source.name)
    for chunk in arrival_chunks(source, streams, index, scenario.duration_s, factor):
        yield from chunk.tolist()


def retries_of(scenario: ScenarioSpec, streams: RandomStreams, index: int) -> Retries | None:
    """Return the retry policy of the clients of the source at position `index`; None if they do not retry."""
    spec = scenario.traffic[index].retry
    if spec is None:
        return None
    return Retries(spec.attempts, spec.factor, think_times(spec.wait, streams, index, "retry").__next__, spec.on)


def script_of(
    scenario: ScenarioSpec, streams: RandomStreams, index: int, kinds: Sequence[Kind], draw: Callable[[], Kind]
) -> Script[Kind]:
    """Return the script of the users of the source at position `index`.

    `kinds` are its requests in the form that the clients of the clock send.
    """
    source = scenario.traffic[index]
    closed = source.closed or ClosedSpec(users=1)
    return Script(
        draw,
        think_times(closed.think_time, streams, index).__next__,
        steps=kinds if source.session else (),
        thinks=[
            think_times(step.think_time, streams, index, f"think-{place}").__next__
            for place, step in enumerate(source.session)
        ],
        iterations=closed.iterations,
        shared=closed.shared_iterations,
        rows=None if source.data is None else data_rows(source.data),
        addresses=_addresses(scenario, streams, index),
        thinks_first=closed.begin == "think_time",
    )


def user_changes(closed: ClosedSpec) -> Iterator[tuple[float, int]]:
    """Yield (seconds from the source's start, users) for each planned change of the number of users."""
    return ramped(closed.users, [(stage.duration_s, stage.target) for stage in closed.stages])


def kinds_drawn(scenario: ScenarioSpec, streams: RandomStreams, index: int) -> Iterator[RequestKind]:
    """Yield the kind of each request of the source at position `index`, without end. Both clocks get the same
    sequence.
    """
    chosen = chosen_of(scenario.numbers.kinds(index), scenario, streams, index)
    addresses = arrival_addresses(scenario, streams, index)
    if addresses is None:
        return chosen
    return (kind._replace(client=address) for kind, address in zip(chosen, addresses, strict=False))


def chosen_of(kinds: Sequence[Kind], scenario: ScenarioSpec, streams: RandomStreams, index: int) -> Iterator[Kind]:
    """Yield one of `kinds` for each request of the source at position `index`, by their weights, without end."""
    if len(kinds) == 1 or scenario.traffic[index].session:
        return itertools.repeat(kinds[0])
    draws = request_choices(scenario.traffic[index], streams, index)
    portions = (draws.draw(CHOICES).tolist() for _ in itertools.repeat(None))
    return (kinds[place] for portion in portions for place in portion)


def arrival_addresses(scenario: ScenarioSpec, streams: RandomStreams, index: int) -> Iterator[str] | None:
    """Yield the address of each arrival of an open source without sessions; users get their addresses from their
    script.
    """
    source = scenario.traffic[index]
    return None if source.session or source.closed is not None else _addresses(scenario, streams, index)


def _addresses(scenario: ScenarioSpec, streams: RandomStreams, index: int) -> Iterator[str] | None:
    if not scenario.traffic[index].addresses:
        return None
    from simulator.traffic.addresses import client_addresses  # noqa: PLC0415 few sources have addresses

    return client_addresses(scenario.traffic[index].addresses, streams.stream("traffic", index, "addresses"))


def think_times(
    distribution: DistributionSpec, streams: RandomStreams, index: int, purpose: str = "think"
) -> Iterator[float]:
    """Yield the thinking times of the source at position `index`, without end; with purpose `retry`, its
    retry pauses.
    """
    rng: np.random.Generator = streams.stream("traffic", index, purpose)
    while True:
        yield from distribution.distribution.draw(rng, THINK_TIMES).tolist()
