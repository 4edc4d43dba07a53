"""The statistics of the background work of a run, computed from the events of the journal."""

from __future__ import annotations

from simulator.records.events import BackgroundChanged
from simulator.records.histogram import BufferedHistogram, Histogram
from simulator.records.journal import Journal


class WorkStats:
    """The jobs of one kind of background work of a service, over the whole run.

    `stalled_s`: the integral over time of the instances that were throttled with an unfinished job.
    """

    def __init__(self) -> None:
        self.due = self.missed = self.finished = self.lost = 0
        self.cpu_s = 0.0
        self._delays = BufferedHistogram()
        self.unfinished_max = 0
        self.stalled_s = 0.0
        self._stalled = 0
        self._at_s = 0.0

    @property
    def unfinished(self) -> int:
        return self.due - self.missed - self.finished - self.lost

    @property
    def delays(self) -> Histogram:
        """Of the finished jobs, the time from when each was due to its end."""
        return self._delays.whole

    def changed(self, change: BackgroundChanged) -> None:
        self.advance(change.at_s)
        self.due += change.due
        self.missed += change.missed
        self.lost += change.lost
        self._stalled += change.stalled
        if change.finished:
            self.finished += change.finished
            self.cpu_s += change.cpu_s
            self._delays.add(change.delay_s)
        self.unfinished_max = max(self.unfinished_max, self.unfinished)

    def end(self, at_s: float) -> None:
        """Complete the figures until `at_s`."""
        self.advance(at_s)

    def advance(self, at_s: float) -> None:
        """Integrate until `at_s`. What happened before the run begins at 0."""
        self.stalled_s += self._stalled * (max(0.0, at_s) - self._at_s)
        self._at_s = max(0.0, at_s)


class BackgroundStats:
    """The statistics of every kind of background work, by service and name, in the order of their first jobs."""

    def __init__(self) -> None:
        self.works: dict[tuple[str, str], WorkStats] = {}
        self._is_over = False

    def follow(self, journal: Journal) -> None:
        journal.subscribe(BackgroundChanged, self._changed)

    def end(self, ended_s: float) -> None:
        """End the statistics with the run: jobs that are given up afterwards are unfinished, not lost."""
        self._is_over = True
        for stats in self.works.values():
            stats.end(ended_s)

    def _changed(self, change: BackgroundChanged) -> None:
        if not self._is_over:
            self.works.setdefault((change.service, change.work), WorkStats()).changed(change)
