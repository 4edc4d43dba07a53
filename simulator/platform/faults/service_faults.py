"""Faults at services: how each begins and ends, on both clocks, for a timeline and for a user.

A lasting fault belongs to its service: when another revision serves, the fault moves to that revision. The loss of an
Availability Zone belongs to the platform.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

from simulator.model.text.units import duration_text
from simulator.platform.platform import Platform, Service
from simulator.platform.revision import Revision
from simulator.records.events import MaintenanceChanged, RevisionSwitched
from simulator.scenario.sections.timeline_spec import (
    FailHealthChecksSpec,
    KillInstanceSpec,
    MaintenanceSpec,
    RecycleSpec,
    SlowStartsSpec,
    WireFaultSpec,
    ZoneLossSpec,
)

ServiceFaultSpec = SlowStartsSpec | FailHealthChecksSpec | WireFaultSpec
LastingSpec = ServiceFaultSpec | MaintenanceSpec | ZoneLossSpec

_ALL: Final = 0  # the number that stands for all instances in the prober


@dataclass(slots=True)
class _Lasting:
    """An active fault. `revision`: the revision that has it; None while the service has none. `numbers`: the number of
    the wire fault in the revision, or the instances with failing checks.
    """

    service: Service
    spec: ServiceFaultSpec
    revision: Revision | None = None
    numbers: list[int] = field(default_factory=list)

    def apply(self, revision: Revision) -> None:
        self.revision = revision
        match self.spec:
            case WireFaultSpec():
                self.numbers = [revision.add_fault(self.spec.fault)]
            case SlowStartsSpec():
                revision.replica_set.extra_start_s += self.spec.extra_s
            case FailHealthChecksSpec():
                revision.replica_set.prober.failing.update(dict.fromkeys(self.numbers))
            case _:
                assert_never(self.spec)

    def revert(self) -> None:
        revision, self.revision = self.revision, None
        if revision is None:
            return
        match self.spec:
            case WireFaultSpec():
                revision.remove_fault(self.numbers.pop())
            case SlowStartsSpec():
                revision.replica_set.extra_start_s = max(0.0, revision.replica_set.extra_start_s - self.spec.extra_s)
            case FailHealthChecksSpec():
                for number in self.numbers:
                    revision.replica_set.prober.failing.pop(number, None)
            case _:
                assert_never(self.spec)

    def move(self, revision: Revision | None) -> None:
        """Move the fault to another revision of the service. Instances that were chosen before do not exist there."""
        if revision is self.revision:
            return
        self.revert()
        if isinstance(self.spec, FailHealthChecksSpec) and self.numbers != [_ALL]:
            self.numbers = []
        if revision is not None:
            self.apply(revision)


class ServiceFaults:
    """The faults of all services of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._lasting: dict[int, _Lasting] = {}
        self._lost_zones: dict[int, str] = {}
        self._maintained: dict[int, str] = {}  # names of services
        self._numbers = itertools.count(1)
        self._unsubscribe: Callable[[], None] | None = None

    def kill(self, spec: KillInstanceSpec) -> str:
        """Kill instances; return a text that names them."""
        service = self._platform.services[spec.service]
        victims = [] if service.revision is None else _chosen(service, spec.which)[: spec.count]
        for number in victims:
            service.replica_set.kill(number)
        return f"{service.name}: {_instances(victims)} killed"

    def recycle(self, spec: RecycleSpec) -> str:
        """Replace instances; return a text that names them."""
        service = self._platform.services[spec.service]
        revision = service.revision
        if revision is None:
            return f"{service.name}: no instance is replaced"
        numbers = _chosen(service, "oldest")[: spec.count]
        replaced = revision.replica_set.recycle(numbers, spec.at_a_time, "recycled by the platform")
        return f"{service.name}: {_replaced(replaced)}, {spec.at_a_time} at a time"

    def begin(self, spec: LastingSpec) -> tuple[int, str]:
        """Begin a lasting fault. Return its number, which `end` takes, and a text that says what it does."""
        if isinstance(spec, ZoneLossSpec | MaintenanceSpec):
            return self._begin_elsewhere(next(self._numbers), spec)
        service = self._platform.services[spec.service]
        if self._unsubscribe is None:
            self._unsubscribe = self._platform.journal.subscribe(RevisionSwitched, self._switched)
        lasting = _Lasting(service, spec)
        if isinstance(spec, FailHealthChecksSpec):
            some = [] if service.revision is None else _chosen(service, spec.which)[:1]
            lasting.numbers = [_ALL] if spec.which == "all" else some
        if service.revision is not None:
            lasting.apply(service.revision)
        number = next(self._numbers)
        self._lasting[number] = lasting
        return number, self._begun_text(lasting)

    def end(self, number: int) -> str:
        """End a fault; return a text that says which state is restored."""
        if number in self._lost_zones:
            return self._restore_zone(self._lost_zones.pop(number))
        if number in self._maintained:
            return self._end_maintenance(self._maintained.pop(number))
        lasting = self._lasting.pop(number)
        revision = lasting.revision
        lasting.revert()
        name = lasting.service.name
        match lasting.spec:
            case WireFaultSpec():
                return f"{name}: no more {lasting.spec.fault.kind}"
            case SlowStartsSpec():
                return f"{name}: {_longer(revision)}"
            case FailHealthChecksSpec():
                return f"{name}: health checks are real again"
            case _:
                assert_never(lasting.spec)

    def _begin_elsewhere(self, number: int, spec: ZoneLossSpec | MaintenanceSpec) -> tuple[int, str]:
        """Begin a fault that does not move with the revisions of its service."""
        match spec:
            case ZoneLossSpec():
                self._lost_zones[number] = spec.zone
                return number, self._lose_zone(spec.zone)
            case MaintenanceSpec():
                self._maintained[number] = spec.service
                return number, self._maintain(spec.service)
            case _:
                assert_never(spec)

    def _maintain(self, name: str) -> str:
        """Replace all instances together, as a deployment does, and announce the maintenance."""
        revision = self._platform.services[name].revision
        self._platform.journal.publish(MaintenanceChanged(name, is_active=True))
        if revision is None:
            return f"{name}: maintenance begins, no instance is replaced"
        ready = _chosen(self._platform.services[name], "oldest")
        moved = revision.replica_set.recycle(ready, max(1, len(ready)), "maintenance")
        return f"{name}: maintenance begins, {_replaced(moved)}"

    def _end_maintenance(self, name: str) -> str:
        """Announce the end, unless another maintenance of the service lasts."""
        if name in self._maintained.values():
            return f"{name}: another maintenance lasts"
        self._platform.journal.publish(MaintenanceChanged(name, is_active=False))
        return f"{name}: maintenance ends"

    def _lose_zone(self, zone: str) -> str:
        """Kill the instances of the zone; return a text that names them."""
        self._platform.zones.lose(zone)
        texts = []
        for service in self._platform.services.values():
            lost: list[int] = []
            for replica_set in [revision.replica_set for revision in service.revisions]:
                numbers = [instance.number for instance in replica_set.living() if instance.zone == zone]
                for number in numbers:
                    replica_set.kill(number, lost_with=f"Availability Zone {zone} is lost")
                lost += numbers
            texts.append(f"{service.name}: {_instances(lost)}")
        return f"Availability Zone {zone} is lost: {'; '.join(texts)}"

    def _restore_zone(self, zone: str) -> str:
        """Use the zone again, unless it is lost by another fault too; return a text about what is rebalanced."""
        zones = self._platform.zones
        zones.restore(zone)
        if zone not in zones.available:
            return f"Availability Zone {zone} is still lost"
        texts = []
        for service in self._platform.services.values():
            if service.revision is None:
                continue
            replica_set = service.replica_set
            alive = [each for each in replica_set.living() if each.is_ready or each.is_coming]
            moved = zones.uneven(alive, replica_set.pool.ready)
            replica_set.recycle(moved, 1, "the Availability Zones are rebalanced")
            if moved:
                texts.append(f"; {service.name}: {_replaced(moved)}")
        return f"Availability Zone {zone} is available again{''.join(texts)}"

    def _begun_text(self, lasting: _Lasting) -> str:
        name = lasting.service.name
        match lasting.spec:
            case WireFaultSpec():
                return f"{name}: {lasting.spec.fault}"
            case SlowStartsSpec():
                return f"{name}: {_longer(lasting.revision)}"
            case FailHealthChecksSpec():
                which = "all instances" if lasting.numbers == [_ALL] else _instances(lasting.numbers)
                return f"{name}: health checks of {which} fail"
            case _:
                assert_never(lasting.spec)

    def _switched(self, event: RevisionSwitched) -> None:
        for lasting in self._lasting.values():
            if lasting.service.name == event.service:
                lasting.move(lasting.service.revision)


def _longer(revision: Revision | None) -> str:
    extra_s = 0.0 if revision is None else revision.replica_set.extra_start_s
    return f"starts take {duration_text(extra_s)} longer"


def _chosen(service: Service, which: str) -> list[int]:
    """Return the numbers of the ready instances, those to choose first at the beginning."""
    return sorted(service.pool.ready, reverse=which == "newest")


def _replaced(numbers: Sequence[int]) -> str:
    return f"{_instances(numbers)} {'is' if len(numbers) < 2 else 'are'} replaced"


def _instances(numbers: Sequence[int]) -> str:
    if not numbers:
        return "no instance"
    return f"instance{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
