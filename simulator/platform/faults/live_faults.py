"""Faults that a user begins and ends while services run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.model.text.problems import one_of
from simulator.model.wire_fault import BYTES_ONLY
from simulator.platform.faults.service_faults import ServiceFaults
from simulator.platform.platform import Platform
from simulator.records.events import RevisionSwitched, TimelineActed
from simulator.scenario.sections.fault_spec import Fault, FaultSpec
from simulator.scenario.sections.timeline_spec import KillInstanceSpec, RecycleSpec, WireFaultSpec, ZoneLossSpec


@dataclass(frozen=True, slots=True)
class ActiveFault:
    """An active fault. `service`: empty if it concerns all of them. `ends_at_s`: loop time at which it ends; None: it
    lasts until it is ended.
    """

    number: int
    service: str
    said: str
    ends_at_s: float | None
    timer: asyncio.TimerHandle | None


class LiveFaults:
    """The active faults of a running platform, by number.

    Their beginning and end are recorded like those of a timeline.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._faults = ServiceFaults(platform)
        self._active: dict[int, ActiveFault] = {}
        self._loop = asyncio.get_running_loop()
        platform.journal.subscribe(RevisionSwitched, self._switched)

    @property
    def active(self) -> Mapping[int, ActiveFault]:
        return self._active

    def remaining_s(self, fault: ActiveFault) -> float | None:
        """Return the seconds until the fault ends by itself; None if it does not."""
        return None if fault.ends_at_s is None else fault.ends_at_s - self._loop.time()

    def begin(self, spec: FaultSpec) -> tuple[int | None, str]:
        """Begin the fault. Return its number (None for a fault without duration) and a text that says what it does.

        Raises:
            ValueError: if the service does not run, or cannot have this fault.
        """
        fault = self._placed(spec.fault)
        if isinstance(fault, KillInstanceSpec | RecycleSpec):
            said = self._faults.kill(fault) if isinstance(fault, KillInstanceSpec) else self._faults.recycle(fault)
            self._record(spec.kind, said)
            return None, said
        number, said = self._faults.begin(fault)
        service = "" if isinstance(fault, ZoneLossSpec) else fault.service
        timer = None if fault.for_s is None else self._loop.call_later(fault.for_s, self.end, number)
        ends_at_s = None if timer is None else timer.when()
        self._active[number] = ActiveFault(number, service, said, ends_at_s, timer)
        self._record(spec.kind, said)
        return number, said

    def end(self, number: int) -> str:
        """End a fault and return a text about it. Raises ValueError if no active fault has that number."""
        if number not in self._active:
            known = ", ".join(map(str, self._active)) or "none is active"
            msg = f"fault = {number}, must be the number of an active one: {known}"
            raise ValueError(msg)
        active = self._active.pop(number)
        if active.timer is not None:
            active.timer.cancel()
        said = self._faults.end(number)
        self._record("end", said)
        return said

    def _placed(self, fault: Fault) -> Fault:
        """Return the fault with the name of its service, which may be omitted if there is only one service."""
        if isinstance(fault, ZoneLossSpec):
            return self._in_a_zone(fault)
        services = self._platform.services
        name = fault.service
        if not name:
            if len(services) != 1:
                msg = f"service = none, must be given: {', '.join(services) or 'there is no service yet'}"
                raise ValueError(msg)
            name = next(iter(services))
        if name not in services:
            msg = (
                f"service = {name!r}, must be {one_of(name, services) if services else 'a service; there is none yet'}"
            )
            raise ValueError(msg)
        revision = services[name].revision
        if revision is None:
            msg = f"service = {name!r}, must be one that runs: it is paused, or has never started"
            raise ValueError(msg)
        if isinstance(fault, WireFaultSpec) and fault.fault.kind in BYTES_ONLY and revision.is_simulated:
            msg = f"kind = {fault.kind}, must be latency or status: a simulated application has no bytes to change"
            raise ValueError(msg)
        return fault.model_copy(update={"service": name})

    def _in_a_zone(self, fault: ZoneLossSpec) -> ZoneLossSpec:
        names = self._platform.zones.names
        if fault.zone not in names:
            known = one_of(fault.zone, names) if names else "left out: the platform has no Availability Zones (`zones`)"
            msg = f"zone = {fault.zone!r}, must be {known}"
            raise ValueError(msg)
        return fault

    def _switched(self, _event: RevisionSwitched) -> None:
        """End the faults of deleted services."""
        known = {"", *self._platform.services}
        for number in [one.number for one in self._active.values() if one.service not in known]:
            self.end(number)

    def _record(self, action: str, said: str) -> None:
        self._platform.journal.record(TimelineActed(self._platform.clock.at_s(), f"fault: {action}", said))
