"""Totals of requests: how many by status, how long, and where the time went. A reader of the request log.

Each source is tallied twice, once for the requests intended during the warm-up and once for those after it; a whole run
is the two merged, a service is its sources merged. So every request is counted once and every sum can be checked.

Latency and its parts are those of *served* requests, i.e. of answers that are no failures (see `is_failure`): a
platform that refuses half of its load at once would otherwise show a wonderful median. How long failures took stands
apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from simulator.records.histogram import Histogram
from simulator.records.request_log import REFUSED, STATUS_MAX, Chunk, is_failure


class Tally:
    """What is known of a set of requests. Histograms in seconds."""

    __slots__ = (
        *("client", "cold", "cold_starts", "failure_latency", "late", "latency", "queue", "retried", "service"),
        "statuses",
    )

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.retried = 0  # failed ones after which their client asked again
        self.cold_starts = 0  # served requests that waited for an instance's start or wake
        self.latency = Histogram()  # served requests, these five; the latency is the sum of the other four
        self.queue = Histogram()
        self.cold = Histogram()
        self.service = Histogram()
        self.client = Histogram()
        self.failure_latency = Histogram()
        self.late = Histogram()  # all requests: the generator's own lateness

    def record(self, chunk: Chunk, rows: NDArray[np.bool_]) -> None:
        """Count the rows of the chunk that `rows` selects."""
        counts = np.bincount(chunk.status[rows], minlength=STATUS_MAX + 1)
        self.statuses.update({int(status): int(counts[status]) for status in np.flatnonzero(counts)})
        failed = chunk.failed
        served = rows & ~failed
        cold = chunk.cold_s[served]
        self.cold_starts += int(np.count_nonzero(cold))
        self.latency.record(chunk.latency_s[served])
        self.queue.record(chunk.queue_s[served])
        self.cold.record(cold)
        self.service.record(chunk.service_s[served])
        self.client.record(chunk.client_s[served])
        self.failure_latency.record(chunk.latency_s[rows & failed])
        self.late.record(chunk.late_s[rows])

    def merge(self, other: Tally) -> None:
        self.statuses.update(other.statuses)
        self.cold_starts += other.cold_starts
        self.retried += other.retried
        for name in ("latency", "queue", "cold", "service", "client", "failure_latency", "late"):
            getattr(self, name).merge(getattr(other, name))

    @property
    def requests(self) -> int:
        """All that ended, in whatever way."""
        return self.statuses.total()

    @property
    def served(self) -> int:
        return self.latency.count

    @property
    def refused(self) -> int:
        """Answered 429."""
        return self.statuses[REFUSED]

    @property
    def failures(self) -> int:
        """Refused ones included."""
        return sum(count for status, count in self.statuses.items() if is_failure(status))


class Tallies:
    """Tallies of every source of a run, apart for warm-up and after.

    `sources` is their number; rows carry 0 to sources - 1. A request belongs to the warm-up when it was *intended*
    before `warm_up_s`.
    """

    def __init__(self, sources: int, warm_up_s: float = 0.0) -> None:
        self.warm_up_s = warm_up_s
        self._during = [Tally() for _ in range(sources)]
        self._after = [Tally() for _ in range(sources)]

    def read(self, chunk: Chunk) -> None:
        late_enough = chunk.intended_s >= self.warm_up_s
        for source in np.unique(chunk.source).tolist():
            mine = chunk.source == source
            for tally, rows in ((self._during[source], mine & ~late_enough), (self._after[source], mine & late_enough)):
                if rows.any():
                    tally.record(chunk, rows)

    def retry(self, source: int, intended_s: float) -> None:
        """The client of a failed request that was intended for then has asked again."""
        (self._after if intended_s >= self.warm_up_s else self._during)[source].retried += 1

    def after_warm_up(self, sources: Iterable[int] | None = None) -> Tally:
        """A new tally of the given sources (all by default), without the warm-up."""
        return _merged(self._after[source] for source in self._chosen(sources))

    def whole(self, sources: Iterable[int] | None = None) -> Tally:
        """A new tally of the given sources (all by default) over the whole run."""
        chosen = list(self._chosen(sources))
        return _merged([*(self._during[source] for source in chosen), *(self._after[source] for source in chosen)])

    def of(self, source: int) -> tuple[Tally, Tally]:
        """The tallies themselves of a source, during the warm-up and after it, for who counts rows in another way."""
        return self._during[source], self._after[source]

    def _chosen(self, sources: Iterable[int] | None) -> Iterable[int]:
        return range(len(self._after)) if sources is None else sources


def _merged(tallies: Iterable[Tally]) -> Tally:
    whole = Tally()
    for tally in tallies:
        whole.merge(tally)
    return whole
