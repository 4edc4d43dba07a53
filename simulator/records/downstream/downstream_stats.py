"""The statistics of the downstream resources of a run, computed from the events of the journal."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from simulator.records.downstream.downstream_series import DownstreamSeries
from simulator.records.events import CallOutcome, DownstreamCalled, DownstreamChanged
from simulator.records.histogram import BufferedHistogram, Histogram
from simulator.records.journal import Journal


class ResourceStats:
    """The calls of one resource that were asked after the warm-up, and its state from then on, averaged over time.

    `series` has everything, the warm-up included.
    """

    def __init__(self, warm_up_s: float, duration_s: float) -> None:
        self.limit = 0
        self.series = DownstreamSeries(duration_s)
        self.outcomes: Counter[CallOutcome] = Counter()
        self.by_service: Counter[str] = Counter()
        self.opened_max = 0
        self.waiting_max = 0
        self._waits = BufferedHistogram()
        self._warm_up_s = warm_up_s
        self._at_s = 0.0
        self._opened = self._busy = self._waiting = 0
        # integrals over time of the open connections, the busy ones and the waiting calls
        self._areas = (0.0, 0.0, 0.0)

    def called(self, call: DownstreamCalled) -> None:
        if call.outcome is not CallOutcome.ANSWERED:
            self.series.failed(call.at_s)
        if call.asked_s < self._warm_up_s:
            return
        self.outcomes[call.outcome] += 1
        self.by_service[call.service] += 1
        if call.outcome is not CallOutcome.REJECTED:
            self._waits.add(call.wait_s)

    def called_often(self, outcomes: Counter[CallOutcome], service: str, waits_s: NDArray[np.float64]) -> None:
        """Count calls of a service that were asked after the warm-up. `waits_s`: without those of rejected calls."""
        self.outcomes += outcomes
        self.by_service[service] += outcomes.total()
        self._waits.whole.record(waits_s)

    def take(
        self,
        at_s: float,
        state: tuple[int, int, int],
        areas: tuple[float, float, float],
        maxima: tuple[int, int],
    ) -> None:
        """Set what the caller has integrated until `at_s`: the state then, areas after the warm-up, and maxima of the
        open connections and the waiting calls.
        """
        self._at_s, self._areas = at_s, areas
        self._opened, self._busy, self._waiting = state
        self.opened_max, self.waiting_max = maxima

    def changed(self, change: DownstreamChanged) -> None:
        self.limit = change.limit
        self.advance(change.at_s)
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
        return self._waits.whole

    def means(self, ended_s: float) -> tuple[float, float, float]:
        """Return the mean numbers of open connections, busy connections and waiting calls until `ended_s`."""
        self.advance(ended_s)
        span_s = ended_s - self._warm_up_s
        if span_s <= 0:
            return 0.0, 0.0, 0.0
        opened, busy, waiting = self._areas
        return opened / span_s, busy / span_s, waiting / span_s

    def advance(self, at_s: float) -> None:
        """Integrate the state until `at_s`."""
        if at_s <= self._at_s:
            return
        self.series.add(self._at_s, at_s, self._opened, self._busy, self._waiting)
        for_s = at_s - max(self._at_s, self._warm_up_s)
        self._at_s = at_s
        if for_s <= 0:
            return
        opened, busy, waiting = self._areas
        self._areas = (opened + for_s * self._opened, busy + for_s * self._busy, waiting + for_s * self._waiting)
        self._note_maxima()

    def _note_maxima(self) -> None:
        self.opened_max = max(self.opened_max, self._opened)
        self.waiting_max = max(self.waiting_max, self._waiting)


class DownstreamStats:
    """The statistics of every resource, in the order of the first connection or call."""

    def __init__(self, warm_up_s: float, duration_s: float) -> None:
        self.resources: dict[str, ResourceStats] = {}
        self.warm_up_s, self._duration_s = warm_up_s, duration_s
        self._is_over = False

    def follow(self, journal: Journal) -> None:
        journal.subscribe(DownstreamCalled, self._called)
        journal.subscribe(DownstreamChanged, self._changed)

    def new_series(self) -> DownstreamSeries:
        """Return an empty series with the bins of this run."""
        return DownstreamSeries(self._duration_s)

    def end(self, ended_s: float) -> None:
        """End the statistics with the run: connections that are closed afterwards are not counted."""
        self._is_over = True
        for stats in self.resources.values():
            stats.advance(ended_s)

    def _called(self, call: DownstreamCalled) -> None:
        if not self._is_over:
            self.of(call.resource).called(call)

    def _changed(self, change: DownstreamChanged) -> None:
        if not self._is_over:
            self.of(change.resource).changed(change)

    def of(self, resource: str) -> ResourceStats:
        """Return the statistics of a resource, which begin with the first use of this method."""
        stats = self.resources.get(resource)
        if stats is None:
            stats = self.resources[resource] = ResourceStats(self.warm_up_s, self._duration_s)
        return stats
