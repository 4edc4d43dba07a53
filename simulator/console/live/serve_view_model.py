"""The view model of a simulator that serves: its traffic comes from outside, its services change, it has no end.

Every second of every service is kept for a quarter of an hour, as a few numbers, so that a newly opened page shows the
recent past. Latencies and single requests are recorded only while a page is open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from simulator.assembly.serving import Serving
from simulator.console.live.operations import operation_rows
from simulator.console.live.view_model import rows_of
from simulator.console.report.chart_columns import prices_of, usd_now
from simulator.control.operations.service_events import EVENTS_STREAM
from simulator.control.state.log_entries import EntryKind
from simulator.edge.access_log_entry import AccessLogEntry
from simulator.model.rejection import WAF_BLOCKED
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.platform.platform import Platform, Service
from simulator.platform.service_workload import local_host
from simulator.records.events import EventLogged, SecondClosed
from simulator.records.histogram import COARSE, Histogram
from simulator.records.request_log import Chunk, RequestLog
from simulator.replay.run_recorder import Recent
from simulator.rules.pricing import Rates

SECONDS_KEPT: Final = 900
LATELY_S: Final = 5
EVENTS_AT_START_MAX: Final = 500
_PREFIX: Final = "[AppRunner] "
_QUANTILES: Final = (0.5, 0.95, 0.99)
_NOBODY: Final = -1  # source of requests that belong to no service


@dataclass(slots=True)
class _Second:
    """The figures of a finished second of a service. Latencies are recorded only if a page was open."""

    offered: int
    rejected: int
    ended: int
    in_flight: float
    waiting: float
    ready: int
    provisioned: int
    active: int
    desired: int


@dataclass(slots=True)
class _Book:
    """The records of one service. `number` is the source number in its rows."""

    number: int
    seconds: dict[int, _Second] = field(default_factory=dict)
    latencies: dict[int, Histogram] = field(default_factory=dict)
    failed: dict[int, int] = field(default_factory=dict)

    def forget_before(self, second: int) -> None:
        for kept in (self.seconds, self.latencies, self.failed):
            for old in [each for each in kept if each < second]:
                del kept[old]


class ServeViewModel:
    """Observes `serving` from now on. `rates`: the prices of all services; None uses those of each service's Region."""

    def __init__(self, serving: Serving, rates: Rates | None = None) -> None:
        self._serving = serving
        self._rates = rates
        self._recorder: dict[str, _Book] = {}
        self._cursor = 0
        journal = serving.platform.journal
        self._log = RequestLog(journal)
        journal.subscribe(Chunk, self._count)
        journal.subscribe(SecondClosed, self._closed)
        self._run_s = serving.platform.clock.run_s

    @property
    def platform(self) -> Platform:
        return self._serving.platform

    def about(self) -> dict[str, Any]:
        return {
            "title": "simulator serve",
            "clock": "real",
            "duration_s": None,
            "warm_up_s": 0.0,
            "seed": None,
            "marks": "operations",  # regardless of the client that called them
        }

    def about_service(self, name: str) -> dict[str, Any]:
        service, resource, front = self.platform.services[name], self.resource(name), self.platform.front
        size = self.size(name)
        return {
            "name": name,
            "url": front.url(local_host(service.host)) + "/" if front is not None and service.hosts else None,
            "arn": None if resource is None else resource.arn,
            "cpu": size.vcpu,
            "memory_gb": size.memory_gb,
            "policy": service.autoscaler.policy.name if service.revision is not None else "",
            "status": "" if resource is None else str(resource.status),
            "prices": self._prices(resource)[1],
        }

    def version(self) -> int:
        return self._serving.plane.registry.version

    def operations(self) -> list[dict[str, Any]] | None:
        return operation_rows(self._serving.plane, self.platform.clock.at_s())

    def resource(self, name: str) -> ServiceResource | None:
        """Return the control plane's resource of the service with that name on the platform."""
        service = self.platform.services.get(name)
        for resource in self._serving.plane.registry.all(ServiceResource):
            if service is not None and self._serving.workload.service(resource.arn) is service:
                return resource
        return None

    def size(self, name: str) -> InstanceSize:
        resource = self.resource(name)
        return InstanceSize() if resource is None else resource.configuration.size

    def rates(self, name: str) -> Rates | None:
        return self._prices(self.resource(name))[0]

    def _prices(self, resource: ServiceResource | None) -> tuple[Rates | None, str]:
        return prices_of("" if resource is None else resource.place.region, self._rates)

    def scaling(self, name: str) -> AutoScalingConfiguration:  # noqa: ARG002 nothing serves: App Runner's own
        return AutoScalingConfiguration()

    def factor(self, name: str) -> float | None:  # noqa: ARG002 the traffic is other people's
        return None

    def recent(self, name: str) -> Recent:
        now = int(self.platform.clock.at_s())
        seconds = self._book(name).seconds
        recent = [seconds[each] for each in range(now - LATELY_S, now) if each in seconds]
        span_s = max(1, len(recent))
        return Recent(sum(each.offered for each in recent) / span_s, sum(each.rejected for each in recent) / span_s)

    def series(self, name: str) -> dict[str, Any]:
        self._record_event_logs()
        book, size, rates = self._book(name), self.size(name), self.rates(name)
        until = int(self.platform.clock.at_s())
        begin = min(max(0, until - SECONDS_KEPT), min(book.seconds, default=until))
        nothing = _Second(0, 0, 0, 0.0, 0.0, 0, 0, 0, 0)
        rows = [(second, book.seconds.get(second, nothing)) for second in range(begin, max(until, begin + 1))]
        quantiles = [
            book.latencies[second].quantiles(_QUANTILES) if second in book.latencies else (None,) * 3
            for second, _ in rows
        ]
        failed = [book.failed.get(second, 0) for second, _ in rows]
        return {
            "width_s": 1.0,
            "from_s": float(begin),
            "offered": [row.offered for _, row in rows],
            "served": [max(0, row.ended - lost) for (_, row), lost in zip(rows, failed, strict=True)],
            "rejected": [row.rejected for _, row in rows],
            "failed": failed,
            **{key: [three[place] for three in quantiles] for place, key in enumerate(("p50_s", "p95_s", "p99_s"))},
            "desired": [row.desired for _, row in rows],
            "provisioned": [row.provisioned for _, row in rows],
            "ready": [row.ready for _, row in rows],
            "active": [row.active for _, row in rows],
            "in_flight": [row.in_flight for _, row in rows],
            "waiting": [row.waiting for _, row in rows],
            "usd_per_hour": [
                None if rates is None else usd_now(row.provisioned, row.active, rates, size.vcpu, size.memory_gb)
                for _, row in rows
            ],
        }

    def verdict(self) -> None:
        """Return None: a simulator that serves keeps no record of all requests."""

    def attended(self, present: bool) -> None:
        front = self.platform.front
        assert front is not None, "what serves has a front"
        front.observe_access_log(self._record_request if present else None)

    def flush(self) -> None:
        self._log.flush()

    def rows(self, name: str, chunk: Chunk) -> Chunk:
        return rows_of(chunk, [self._book(name).number])

    # --- callbacks -------------------------------------------------------------------------------------------------

    def _book(self, name: str) -> _Book:
        if name not in self._recorder:
            self._recorder[name] = _Book(len(self._recorder))
        return self._recorder[name]

    def _closed(self, closed: SecondClosed) -> None:
        service, sample = self.platform.services.get(closed.service), closed.sample
        if service is None or service.revision is None:
            return
        book, replica_set = self._book(closed.service), service.replica_set
        book.seconds[sample.second] = _Second(
            sample.arrivals,
            sample.rejected,
            sample.finished,
            round(sample.in_flight, 3),
            round(sample.waiting, 3),
            sample.ready,
            replica_set.provisioned,
            replica_set.active,
            replica_set.desired,
        )
        if len(book.seconds) > 2 * SECONDS_KEPT:
            book.forget_before(sample.second - SECONDS_KEPT)

    def _record_request(self, entry: AccessLogEntry) -> None:
        """Record a request that has ended."""
        arrived_s, latency_s = self._run_s(entry.arrived_s), entry.ended_s - entry.arrived_s
        service_s = entry.ended_s - entry.begun_s if entry.begun_s >= 0 else 0.0
        source = self._source(entry)
        blocked = entry.cause == WAF_BLOCKED.name
        instance = -self._log.rules.number(entry.cause) if blocked else entry.instance
        self._log.add(source, arrived_s, latency_s, entry.queue_s, entry.cold_s, service_s, entry.status, instance, 0.0)

    def _source(self, entry: AccessLogEntry) -> int:
        if entry.request is not None:
            host = entry.request.authority.partition(b":")[0].decode("latin-1").lower()
            for name, service in self.platform.services.items():
                if host in service.hosts:
                    return self._book(name).number
        return _NOBODY

    def _count(self, chunk: Chunk) -> None:
        seconds = np.maximum(chunk.intended_s + chunk.latency_s, 0).astype(np.int64)
        for book in self._recorder.values():
            mine = chunk.source == book.number
            for second in np.unique(seconds[mine]).tolist():
                rows = mine & (seconds == second)
                served = rows & ~chunk.failed & ~chunk.blocked
                book.latencies.setdefault(second, Histogram(COARSE)).record(chunk.latency_s[served])
                lost = int(np.count_nonzero(rows & chunk.failed & (chunk.status != 429)))
                book.failed[second] = book.failed.get(second, 0) + lost

    def _record_event_logs(self) -> None:
        """Convert lines of the services' event logs to events, which the page lists and marks in its charts."""
        plane, platform = self._serving.plane, self.platform
        plane.api.flush()
        if not self._cursor:
            self._cursor = max(0, plane.store.last_cursor() - EVENTS_AT_START_MAX)
        for entry in plane.store.entries_after(self._cursor, kind=EntryKind.LOG):
            self._cursor = entry.cursor
            service = self._serving.workload.service(entry.service)
            if entry.stream == EVENTS_STREAM and service is not None:
                line = entry.text.removeprefix(_PREFIX)
                platform.journal.record(EventLogged(platform.clock.at_s(), _name_of(service), line))


def _name_of(service: Service) -> str:
    return service.name
