"""The statistics of the downstream resources of a run, computed from the events of the journal."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from simulator.records.events import CallOutcome, DownstreamCalled, DownstreamChanged
from simulator.records.histogram import Histogram
from simulator.records.journal import Journal

_CHUNK: Final = 1024  # number of waits that are recorded at once, because the histogram is vectorised


class ResourceStats:
    """Statistics of one resource: the calls that began after the warm-up, and time averages of its state since then."""

    def __init__(self, warm_up_s: float) -> None:
        self.limit = 0
        self.outcomes: Counter[CallOutcome] = Counter()
        self.by_service: Counter[str] = Counter()
        self.opened_max = 0
        self.waiting_max = 0
        self._waits = Histogram()
        self._pending: list[float] = []
        self._warm_up_s = warm_up_s
        self._at_s = warm_up_s
        self._opened = self._busy = self._waiting = 0
        # integrals over time of the open connections, the busy ones and the waiting calls
        self._areas = (0.0, 0.0, 0.0)

    def called(self, call: DownstreamCalled) -> None:
        if call.asked_s < self._warm_up_s:
            return
        self.outcomes[call.outcome] += 1
        self.by_service[call.service] += 1
        if call.outcome is not CallOutcome.REJECTED:
            self._pending.append(call.wait_s)
            if len(self._pending) >= _CHUNK:
                self._record()

    def changed(self, change: DownstreamChanged) -> None:
        self.limit = change.limit
        self._advance(change.at_s)
        self._opened, self._busy, self._waiting = change.opened, change.busy, change.waiting
        if change.at_s >= self._warm_up_s:
            self._note_maxima()

    @property
    def calls(self) -> int:
        return self.outcomes.total()

    @property
    def errors(self) -> int:
        return self.calls - self.outcomes[CallOutcome.ANSWERED]

    @property
    def waits(self) -> Histogram:
        """Return the waits for a connection in seconds, without those of rejected attempts."""
        self._record()
        return self._waits

    def means(self, ended_s: float) -> tuple[float, float, float]:
        """Return the mean numbers of open connections, busy connections and waiting calls, until `ended_s`."""
        self._advance(ended_s)
        span_s = ended_s - self._warm_up_s
        if span_s <= 0:
            return 0.0, 0.0, 0.0
        opened, busy, waiting = self._areas
        return opened / span_s, busy / span_s, waiting / span_s

    def _record(self) -> None:
        if self._pending:
            self._waits.record(np.array(self._pending))
            self._pending.clear()

    def _advance(self, at_s: float) -> None:
        for_s = at_s - self._at_s
        if for_s <= 0:
            return
        opened, busy, waiting = self._areas
        self._areas = (opened + for_s * self._opened, busy + for_s * self._busy, waiting + for_s * self._waiting)
        self._at_s = at_s
        self._note_maxima()

    def _note_maxima(self) -> None:
        self.opened_max = max(self.opened_max, self._opened)
        self.waiting_max = max(self.waiting_max, self._waiting)


class DownstreamStats:
    """The statistics of every resource, in the order of the first connection or call."""

    def __init__(self, warm_up_s: float) -> None:
        self.resources: dict[str, ResourceStats] = {}
        self._warm_up_s = warm_up_s

    def follow(self, journal: Journal) -> None:
        journal.subscribe(DownstreamCalled, lambda call: self._of(call.resource).called(call))
        journal.subscribe(DownstreamChanged, lambda change: self._of(change.resource).changed(change))

    def _of(self, resource: str) -> ResourceStats:
        stats = self.resources.get(resource)
        if stats is None:
            stats = self.resources[resource] = ResourceStats(self._warm_up_s)
        return stats
