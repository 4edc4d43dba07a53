"""A platform: services and what they share, on either clock. Services and their revisions can be added and removed."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING

from simulator.edge.live.service_host import REGION, service_host
from simulator.fleet.instance import Instance
from simulator.fleet.pool.unavailable_upstream import UnavailableUpstream
from simulator.fleet.ports import PoolSupply
from simulator.fleet.replicas.autoscaler import Autoscaler
from simulator.fleet.replicas.replica_set import ReplicaSet
from simulator.fleet.replicas.zones import PlatformZones
from simulator.model.health import HEALTHY_LINE, performing_line
from simulator.model.times import RUN_START
from simulator.platform.revision import MakeDriver, MakeSupply, Revision, ServicePlan
from simulator.records.events import EjectionChanged, EventLogged, OutputWritten, RevisionSwitched, SecondClosed
from simulator.records.journal import Journal
from simulator.rules.region_prices import REGIONS
from simulator.world.clock import RunClock
from simulator.world.random_streams import RandomStreams
from simulator.world.tasks import Tasks

if TYPE_CHECKING:
    from simulator.edge.live.front import Front
    from simulator.edge.live.live_settings import LiveSettings
    from simulator.edge.ports import Upstream
    from simulator.records.metrics import Metrics
    from simulator.records.outcomes import Outcomes
    from simulator.records.request_trace import Tracing
    from simulator.rules.waf.web_acl import WebAcl

LINES_KEPT = 20  # number of the instances' output lines kept, for the message of a failed run


class Service:
    """A service: its serving revision, if there is one, and its host names."""

    def __init__(self, name: str, platform: Platform, hosts: Sequence[str] = ()) -> None:
        self.name = name
        self.hosts = dict.fromkeys(hosts)
        self.revision: Revision | None = None
        self.revisions: list[Revision] = []  # all that serve, served or failed to start: each is part of the bill
        self._platform = platform
        self._closed = UnavailableUpstream(name, platform.outcomes(name))
        self.web_acl_counts = Counter() if platform.metrics is None else platform.metrics.of(name).web_acl
        self.acl_name = ""  # of its web ACL; empty without one
        self._protection: Upstream | None = None
        self._divided: Upstream | None = None  # divides the traffic among revisions during a deployment
        self.shadows: dict[str, int] = {}  # desired counts of other policies, by policy
        self._revision_numbers = count(1)
        self._instance_numbers = count(1)
        self._autoscaler: Autoscaler | None = None
        self._scaling: asyncio.Task[None] | None = None

    @property
    def serving(self) -> Revision:
        assert self.revision is not None, f"{self.name} has no revision that serves"
        return self.revision

    @property
    def pool(self) -> PoolSupply[Instance]:
        return self.serving.pool

    @property
    def replica_set(self) -> ReplicaSet:
        return self.serving.replica_set

    @property
    def autoscaler(self) -> Autoscaler:
        assert self._autoscaler is not None, f"{self.name} has never had a revision that serves"
        return self._autoscaler

    @property
    def upstream(self) -> Upstream:
        """The destination of requests: web ACL or pool. Without a serving revision, requests are rejected."""
        return self._protection or self._pool()

    def _pool(self) -> Upstream:
        return self._divided or (self._closed if self.revision is None else self.revision.upstream)

    def protect(self, acl: WebAcl | None) -> None:
        """Evaluate a web ACL on new requests from now on; None removes it."""
        from simulator.edge.web_acl_upstream import WebAclUpstream  # noqa: PLC0415 few services have a web ACL

        self.acl_name = "" if acl is None else acl.name
        front, given = self._platform.front, self._platform
        told = (self.web_acl_counts, given.clock.at_s, given.journal, None if front is None else front.waf_log)
        self._protection = None if acl is None else WebAclUpstream(acl, self._pool, *told)
        self._redirect()

    def new_revision(self, plan: ServicePlan) -> Revision:
        """Create a revision beside the serving one; it gets no requests before `switch_to`."""
        revision = Revision(plan, self._platform, next(self._revision_numbers), self._instance_numbers)
        self.revisions.append(revision)
        return revision

    def forget_ended(self) -> None:
        """Discard the revisions that have ended completely; their bill is no longer needed."""
        self.revisions = [revision for revision in self.revisions if not revision.has_ended]

    def switch_to(self, revision: Revision | None) -> Revision | None:
        """Route all new requests to `revision` and scale it; None: reject requests. Return the previous revision.

        There is no await in this method, so no request sees an intermediate state.
        """
        before, self.revision, self._divided = self.revision, revision, None
        if revision is not None:
            self._scale(revision)
        elif self._scaling is not None:
            self._scaling.cancel()
            self._scaling = None
        self._measure(revision)
        self._redirect()
        return before

    def divide(self, upstream: Upstream | None) -> None:
        """Route new requests through `upstream`, which divides them; None: to the serving revision."""
        self._divided = upstream
        self._redirect()

    def scale_together(self, *revisions: Revision) -> None:
        """Scale these revisions to the same count; that of the first is recorded."""
        self.autoscaler.turn_to(*(revision.scaled for revision in revisions))

    def _redirect(self) -> None:
        for host in self.hosts:
            self._platform.route(host, self)
        self._platform.journal.publish(RevisionSwitched(self._platform.clock.at_s(), self.name))

    def follow_switches(self, turn: Callable[[], None]) -> Callable[[], None]:
        """Call `turn` when another revision serves, or none, until the returned function is called."""

        def switched(event: RevisionSwitched) -> None:
            if event.service == self.name:
                turn()

        return self._platform.journal.subscribe(RevisionSwitched, switched)

    def worked(self, seconds: float) -> int:
        """Return the number of its instances that had a request within the last `seconds`."""
        revisions = [revision.replica_set for revision in self.revisions]
        return sum(
            replica_set.activity.worked(each, seconds) for replica_set in revisions for each in replica_set.living()
        )

    def start_scaling(self) -> None:
        """Start the autoscaler, if a revision serves."""
        if self._scaling is None:
            self._scaling = self._platform.tasks.spawn(self.autoscaler.run(), f"autoscaler of {self.name}")

    def _scale(self, revision: Revision) -> None:
        platform = self._platform
        if self._autoscaler is not None:
            self._autoscaler.turn_to(revision.scaled)
        else:
            self._autoscaler = Autoscaler(
                revision.scaled, revision.plan.policy, clock=platform.clock, journal=platform.journal
            )
        if platform.is_started:
            self.start_scaling()

    def _measure(self, revision: Revision | None) -> None:
        metrics = self._platform.metrics
        if metrics is not None and revision is None:
            metrics.stopped(self.name)
        elif metrics is not None and revision is not None:
            figures = metrics.of(self.name)
            figures.desired = revision.replica_set.desired
            figures.priced(revision.settings.size, self._platform.rates, self._platform.clock.at_s())

    def living(self) -> list[Instance]:
        """Return the instances whose lifecycle has not ended; the serving revision's come last."""
        last = sorted(self.revisions, key=lambda each: each is self.revision)
        return [instance for revision in last for instance in revision.replica_set.living()]

    @property
    def host(self) -> str:
        """The host of its URL: its first name."""
        return next(iter(self.hosts))

    def add_host(self, host: str) -> None:
        """Route requests for `host` to this service. Raises ValueError if it is not a host name."""
        self.hosts[host] = None
        self._platform.route(host, self)

    def remove_host(self, host: str) -> None:
        if host in self.hosts:
            del self.hosts[host]
            self._platform.unroute(host)


class Platform:
    """Services and the objects that they share; the caller must close it.

    Without `front`, only simulated clients reach it. `journal` gets all events; `lines` has the last output lines of
    instances.
    """

    def __init__(
        self,
        plans: Sequence[ServicePlan],
        streams: RandomStreams,
        make_driver: MakeDriver,
        live: LiveSettings | None = None,
        front: Front | None = None,
        *,
        journal: Journal | None = None,
        measured: bool = False,
        make_supply: MakeSupply | None = None,
    ) -> None:
        """Create the platform. `journal`: required if a reader subscribes before the start, or not all events are kept.
        `front`: the load balancer in real time. `measured`: collect figures for exporters in `metrics`. `make_supply`:
        creates the supplies if requests are computed elsewhere than in `Pool`.
        """
        self.make_driver, self.make_supply = make_driver, make_supply
        self.streams, self.clock, self.zones = streams, RunClock(), PlatformZones(0 if live is None else live.zones)
        self.journal = Journal() if journal is None else journal
        self.journal.subscribe(EjectionChanged, self._log_ejection)
        self.front = front
        self.metrics: Metrics | None = None
        if measured:
            from simulator.records.metrics import Metrics  # noqa: PLC0415 few platforms are measured

            self.metrics = Metrics(self.clock.at_s, None if front is None else front.own_answers)
            self.metrics.follow(self.journal)
            self.journal.subscribe(SecondClosed, self._measure_second)
        self.tasks = Tasks("platform")
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self.ejection = live.ejection if live is not None else None
        self.rates = REGIONS.get(region := live.region if live is not None else REGION)
        self._tracing: Tracing | None = None
        self.is_started = self._is_open = False
        self.services: dict[str, Service] = {}
        for plan in plans:
            service = self.add(plan.settings.service, (service_host(plan.settings.service, region, streams),))
            service.switch_to(service.new_revision(plan))

    def trace(self, tracing: Tracing, instance_id: Callable[[str, int], str] | None = None) -> None:
        """Trace requests over sockets; call this before `open`.

        `instance_id` returns the id of an instance from its service and number (default: the number).
        """
        self._tracing = tracing
        if self.front is not None:
            self.front.trace(tracing, instance_id or (lambda _service, number: str(number)))

    def set_traced(self, service: Service, *, traced: bool) -> None:
        """Enable or disable tracing of the service's requests, if tracing is configured per service."""
        only = self._tracing.only if self._tracing is not None else None
        if only is not None:
            (only.add if traced else only.discard)(service.name)

    async def open(self) -> None:
        """Start every service with its initial size, then accept requests.

        Raises:
            LaunchError: if an instance does not become ready.
            OSError: if a port is not available or the state folder is not writable.
        """
        for service in self.services.values():
            revision = service.serving
            settings = revision.settings
            line = performing_line(settings.health_check, settings.port)
            self.journal.record(EventLogged(RUN_START, service.name, line))
            await revision.begin()
            self.journal.record(EventLogged(RUN_START, service.name, HEALTHY_LINE))
            if not revision.is_simulated:
                self.journal.record(EventLogged(RUN_START, service.name, revision.limits_in_force))
        if self.front is not None:
            await self.front.open()
        self._is_open = True
        for service in self.services.values():
            for host in service.hosts:
                self.route(host, service)

    def add(self, name: str, hosts: Sequence[str]) -> Service:
        """Add a service without a revision, whose requests are rejected. `name` must not be in use."""
        assert name not in self.services, name
        service = self.services[name] = Service(name, self, hosts)
        for host in hosts:
            self.route(host, service)
        return service

    def remove(self, service: Service) -> None:
        """Remove the service and its host names; its revisions must have ended."""
        for host in list(service.hosts):
            service.remove_host(host)
        del self.services[service.name]
        self.set_traced(service, traced=False)
        if self.metrics is not None:
            self.metrics.forget(service.name)

    def route(self, host: str, service: Service) -> None:
        """Route requests for `host` to the service's serving revision. Raises ValueError for an invalid name."""
        if self.front is not None and self._is_open:
            self.front.add_host(host, service.upstream)

    def unroute(self, host: str) -> None:
        if self.front is not None and self._is_open:
            self.front.remove_host(host)

    def output_line(self, service: str, number: int, stream: str, line: str) -> None:
        """Record a line that an instance wrote."""
        self.lines.append(f"{service}/{number}: {line}")
        self.journal.publish(OutputWritten(service, number, stream, line))

    def outcomes(self, service: str) -> Outcomes | None:
        """Return the counter of how the service's requests end; None without metrics."""
        return self.metrics.of(service).outcomes if self.metrics is not None else None

    def _log_ejection(self, change: EjectionChanged) -> None:
        self.journal.record(EventLogged(self.clock.at_s(), change.service, change.line))

    def start(self) -> None:
        """Start the run: its clock begins at 0, and instances count as those of a service that already existed."""
        self.clock.start()
        self.is_started = True
        for service in self.services.values():
            service.replica_set.settle()
            service.start_scaling()

    def _measure_second(self, closed: SecondClosed) -> None:
        service = self.services.get(closed.service)
        if self.metrics is not None and service is not None:
            self.metrics.sampled(service.name, closed.sample, service.worked(1.0))

    def count_last(self) -> None:
        """Count the requests since the last closed second. Call this before the figures are read for the last time."""
        if self.metrics is None:
            return
        for service in self.services.values():
            if service.revision is not None:
                self.metrics.count_last(service.name, service.pool.close_second(-1).arrivals)

    async def close(self) -> None:
        """Close the load balancer, then stop every instance, and wait until all of them have ended."""
        if self.front is not None:
            await self.front.close()
        revisions = [revision for service in self.services.values() for revision in service.revisions]
        lifecycles = [life for revision in revisions for life in revision.dismiss()]
        if lifecycles:
            await asyncio.wait(lifecycles)
        await self.tasks.close()
        for revision in revisions:
            await revision.close()
