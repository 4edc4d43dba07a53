"""Live traffic: sends the requests of a scenario's sources to a platform with open sockets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simulator.model.times import LoopTime, RunTime
from simulator.platform.platform import Platform
from simulator.records.journal import Journal
from simulator.records.request_log import RequestRows
from simulator.replay.run_recorder import OwnLoad
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.session_spec import StepSpec
from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.closed import ClosedLoad
from simulator.traffic.live.load import Load
from simulator.traffic.live.open import OpenLoad
from simulator.traffic.live.request import RequestChoice
from simulator.traffic.live.retry import RetryingLoad
from simulator.traffic.live.session import SessionLoad
from simulator.traffic.live.settings import LoadTarget
from simulator.traffic.live.values import SET_COOKIE, Sent
from simulator.traffic.live_overrides import LiveOverrides
from simulator.traffic.traffic import (
    arrival_addresses,
    arrival_times,
    chosen_of,
    retries_of,
    script_of,
    user_changes,
)
from simulator.world.clock import monotonic_s
from simulator.world.random_streams import RandomStreams

# Enough for a source that begins with a few hundred requests/s; further connections are opened on demand.
CONNECTIONS_AT_START = 16
USERS_AT_START_MAX = 200


class LiveClients:
    """The load clients of a run, one per service.

    Connections are opened before the run, so that it does not begin with many handshakes at once.
    """

    def __init__(self, clients: Mapping[str, LoadClient]) -> None:
        self._clients = clients

    def sent(self) -> OwnLoad:
        """Return how many requests the scenario's traffic has sent so far, and how many of them have no outcome yet."""
        summaries = [client.summary() for client in self._clients.values()]
        return OwnLoad(sum(each.sent for each in summaries), sum(each.unfinished for each in summaries))

    def start(
        self,
        scenario: ScenarioSpec,
        platform: Platform,
        streams: RandomStreams,
        overrides: LiveOverrides | None = None,
    ) -> Load:
        """Start the sources at once. Call this when the platform's clock has started."""
        for client in self._clients.values():
            client.origin_s = platform.clock.origin_s
        journal = platform.journal
        sources = [self._source(scenario, streams, index, overrides, journal) for index in range(len(scenario.traffic))]
        load = Load(list(self._clients.values()), sources)
        load.start()
        return load

    def _source(
        self,
        scenario: ScenarioSpec,
        streams: RandomStreams,
        index: int,
        overrides: LiveOverrides | None,
        journal: Journal,
    ) -> OpenLoad | ClosedLoad:
        source = scenario.traffic[index]
        client, choices = self._clients[source.service], _choices(scenario, streams, index)
        if source.closed is None:
            times = arrival_times(scenario, streams, index, overrides)
            retries = retries_of(scenario, streams, index)
            arrivals = ((at_s, next(choices), index) for at_s in times)
            if source.session:
                sent = _sent(scenario, index)
                return SessionLoad(client, arrivals, script_of(scenario, streams, index, sent, lambda: sent[0]))
            return OpenLoad(client, arrivals) if retries is None else RetryingLoad(client, arrivals, retries, journal)
        closed = ClosedLoad(
            client,
            index,
            choices,
            lambda: 0.0,  # the script returns the thinking times
            script=script_of(scenario, streams, index, _sent(scenario, index), lambda: Sent(next(choices))),
            changes=user_changes(source.closed),
            users=source.closed.users,
            from_s=RunTime(source.from_s),
            until_s=RunTime(source.end_s(scenario.duration_s)),
            journal=journal,
        )
        if overrides is not None:
            overrides.add_population(source.service, closed.set_factor)
        return closed


async def live_clients(scenario: ScenarioSpec, platform: Platform, rows: RequestRows) -> LiveClients:
    """Return clients that are connected to the open platform."""
    front = platform.front
    assert front is not None, "live traffic needs a live front"
    tls = front.client_context()
    clients = {}
    for name, service in platform.services.items():
        target = LoadTarget(service.host, front.https_port, tls)
        wanted = _wanted(scenario, name)
        clients[name] = client = LoadClient(target, rows, LoopTime(0.0), now=monotonic_s, wanted=wanted)
        users = sum(source.closed.users_max for source in scenario.traffic if source.closed and source.service == name)
        await client.prepare(CONNECTIONS_AT_START + min(users, USERS_AT_START_MAX))
    return LiveClients(clients)


def _choices(scenario: ScenarioSpec, streams: RandomStreams, index: int) -> Iterator[RequestChoice]:
    """Yield the kind of each request of the source at position `index`, one per arrival, without end."""
    chosen = chosen_of([sent.choice for sent in _sent(scenario, index)], scenario, streams, index)
    addresses = arrival_addresses(scenario, streams, index)
    if addresses is None:
        return chosen
    return (choice.from_address(address) for choice, address in zip(chosen, addresses, strict=False))


def _sent(scenario: ScenarioSpec, index: int) -> list[Sent]:
    """Return the kinds of request of the source at position `index`, in the order of the scenario file."""
    source = scenario.traffic[index]
    return [
        Sent(
            RequestChoice(
                given.method,
                given.path,
                given.request_size_bytes,
                given.response_size_bytes,
                kind.number,
                tuple(given.headers.items()),
                given.body,
                keeps_body=isinstance(given, StepSpec) and bool(given.extract),
                is_template=bool(source.session and given.placeholders),
            ),
            tuple(given.extract.items()) if isinstance(given, StepSpec) else (),
            keeps_cookies=bool(source.session and source.cookies),
        )
        for given, kind in zip(source.kinds, scenario.numbers.kinds(index), strict=True)
    ]


def _wanted(scenario: ScenarioSpec, service: str) -> Iterator[bytes]:
    """Yield the names of the response header fields that the sessions of a service read."""
    for source in scenario.traffic:
        if source.service == service:
            if source.session and source.cookies:
                yield SET_COOKIE
            for step in source.session:
                yield from (
                    where.header.lower().encode() for where in step.extract.values() if where.header is not None
                )
