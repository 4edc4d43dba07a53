"""CPU and requests in progress of a service in a run, on either clock, read at the end of each second."""

from __future__ import annotations

import math

from simulator.platform.platform import Platform, Service
from simulator.records.events import SecondClosed
from simulator.records.journal import Journal
from simulator.replay.run_context import PlatformOpened


class UsageMeter:
    """Reads the journal of a run. Create it before the run.

    It counts whole seconds from the end of the warm-up to the end of the traffic.
    """

    def __init__(self, journal: Journal, service: str, warm_up_s: float, duration_s: float) -> None:
        self._service = service
        self._first, self._last = math.ceil(warm_up_s), math.floor(duration_s)
        self._platform: Platform | None = None
        self._cpu_s: list[float] = []
        self._instances = 0
        self._in_flight = 0.0
        journal.subscribe(PlatformOpened, self._opened)
        journal.subscribe(SecondClosed, self._closed)

    @property
    def utilization(self) -> float | None:
        """CPU time used, as a share of the vCPUs of the ready instances; None if the run was too short."""
        if len(self._cpu_s) < 2 or not self._instances:
            return None
        return (self._cpu_s[-1] - self._cpu_s[0]) / (self._instances * self._vcpu)

    @property
    def cpu_s(self) -> float | None:
        """CPU seconds of all instances; None if the run was too short."""
        return self._cpu_s[-1] - self._cpu_s[0] if len(self._cpu_s) > 1 else None

    @property
    def in_flight(self) -> float | None:
        """Mean number of requests in progress in a ready instance; None if the run was too short."""
        return self._in_flight / self._instances if self._instances else None

    def _opened(self, event: PlatformOpened) -> None:
        self._platform = event.platform

    @property
    def _of_service(self) -> Service:
        assert self._platform is not None, "seconds end after the platform was opened"
        return self._platform.services[self._service]

    @property
    def _vcpu(self) -> float:
        return self._of_service.revisions[0].settings.size.vcpu

    def _closed(self, closed: SecondClosed) -> None:
        if closed.service != self._service:
            return
        end = closed.sample.second + 1
        if not self._first <= end <= self._last:
            return
        revisions = self._of_service.revisions
        self._cpu_s.append(sum(revision.driver.cpu_used_s() for revision in revisions))
        if end > self._first:
            self._instances += sum(len(revision.pool.ready) for revision in revisions)
            self._in_flight += closed.sample.in_flight
