"""Totals of requests: counts by status, latencies and their parts. A reader of the request log.

Each source has two sets of statistics: for the requests intended during the warm-up, and for those after it. The whole
run is both merged; a service is its sources merged. So every request is counted once, and every sum can be checked.

Latency and its parts are those of *served* requests, that is, of responses that are not failures (see `is_failure`).
Otherwise a platform that rejects half of its load at once would have a short median latency. The latency of failures is
recorded separately. Requests that a web ACL blocked are neither served nor failures.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.records.events import InstanceImitated, RequestRetried
from simulator.records.histogram import Histogram
from simulator.records.request_log import REJECTED, STATUS_MAX, Chunk, is_failure


class RequestStats:
    """The totals of a set of requests. Histograms are in seconds."""

    __slots__ = (
        *("blocked", "blocked_statuses", "client", "cold", "cold_starts", "error_latency", "late", "latency", "queue"),
        *("retried", "service", "statuses"),
    )

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.blocked: Counter[int] = Counter()  # requests that a web ACL blocked, by the number of the rule
        self.blocked_statuses: Counter[int] = Counter()  # the part of `statuses` that comes from web ACLs
        self.retried = 0  # failed requests that their client retried
        self.cold_starts = 0  # served requests that waited for an instance to start or wake
        self.latency = Histogram()  # this and the next four: of served requests; latency is the sum of the other four
        self.queue = Histogram()
        self.cold = Histogram()
        self.service = Histogram()
        self.client = Histogram()
        self.error_latency = Histogram()
        self.late = Histogram()  # of all requests: the delay of the load generator

    def record(self, chunk: Chunk, rows: NDArray[np.bool_]) -> None:
        """Count the rows of the chunk that `rows` selects."""
        counts = np.bincount(chunk.status[rows], minlength=STATUS_MAX + 1)
        self.statuses.update({int(status): int(counts[status]) for status in np.flatnonzero(counts)})
        failed, blocked = chunk.failed, rows & chunk.blocked
        if blocked.any():
            self.blocked.update(chunk.rule[blocked].tolist())
            self.blocked_statuses.update(chunk.status[blocked].tolist())
        served = rows & ~failed & ~blocked
        cold = chunk.cold_s[served]
        self.cold_starts += int(np.count_nonzero(cold))
        self.latency.record(chunk.latency_s[served])
        self.queue.record(chunk.queue_s[served])
        self.cold.record(cold)
        self.service.record(chunk.service_s[served])
        self.client.record(chunk.client_s[served])
        self.error_latency.record(chunk.latency_s[rows & failed])
        self.late.record(chunk.late_s[rows])

    def merge(self, other: RequestStats) -> None:
        self.statuses.update(other.statuses)
        self.blocked.update(other.blocked)
        self.blocked_statuses.update(other.blocked_statuses)
        self.cold_starts += other.cold_starts
        self.retried += other.retried
        for name in ("latency", "queue", "cold", "service", "client", "error_latency", "late"):
            getattr(self, name).merge(getattr(other, name))

    @property
    def requests(self) -> int:
        """All completed requests, with any outcome."""
        return self.statuses.total()

    @property
    def served(self) -> int:
        return self.latency.count

    @property
    def rejected(self) -> int:
        """Requests with status 429, without those that a web ACL blocked."""
        return self.statuses[REJECTED] - self.blocked_statuses[REJECTED]

    @property
    def failures(self) -> int:
        """All failures, including rejected requests, without those that a web ACL blocked."""
        by_status = self.statuses - self.blocked_statuses
        return sum(count for status, count in by_status.items() if is_failure(status))


class StatsBySource:
    """The request statistics of every source of a run, separate for the warm-up and the time after it.

    `sources`: number of sources; rows contain source numbers from 0 to `sources` - 1. A request belongs to the warm-up
    if it was *intended* before `warm_up_s`.
    """

    def __init__(self, sources: int, warm_up_s: float = 0.0) -> None:
        self.warm_up_s = warm_up_s
        self._during = [RequestStats() for _ in range(sources)]
        self._after = [RequestStats() for _ in range(sources)]

    def read(self, chunk: Chunk) -> None:
        late_enough = chunk.intended_s >= self.warm_up_s
        for source in np.flatnonzero(np.bincount(chunk.source)).tolist():  # np.unique would import numpy.ma
            mine = chunk.source == source
            for stats, rows in ((self._during[source], mine & ~late_enough), (self._after[source], mine & late_enough)):
                if rows.any():
                    stats.record(chunk, rows)

    def retried(self, retry: RequestRetried) -> None:
        """Count a retry of a failed request."""
        (self._after if retry.intended_s >= self.warm_up_s else self._during)[retry.source].retried += 1

    def after_warm_up(self, sources: Iterable[int] | None = None) -> RequestStats:
        """Return new statistics of the given sources (default: all), without the warm-up."""
        return _merged(self._after[source] for source in self._chosen(sources))

    def whole(self, sources: Iterable[int] | None = None) -> RequestStats:
        """Return new statistics of the given sources (default: all) over the whole run."""
        chosen = list(self._chosen(sources))
        return _merged([*(self._during[source] for source in chosen), *(self._after[source] for source in chosen)])

    def of(self, source: int) -> tuple[RequestStats, RequestStats]:
        """Return a source's own statistics, for the warm-up and after it, for code that counts rows itself."""
        return self._during[source], self._after[source]

    def _chosen(self, sources: Iterable[int] | None) -> Iterable[int]:
        return range(len(self._after)) if sources is None else sources


def _merged(stats_by_source: Iterable[RequestStats]) -> RequestStats:
    whole = RequestStats()
    for stats in stats_by_source:
        whole.merge(stats)
    return whole


class RealServiceTime:
    """Histograms of the service times of served requests after the warm-up at real instances, by request number.

    Requests that a simulated instance of a mixed pool answered are left out: their times are samples of the real ones,
    so counting them would pretend that more was measured. `services`: the service of each request number; None: it is
    not measured.
    """

    def __init__(self, services: Sequence[str | None], warm_up_s: float) -> None:
        self.by_number: dict[int, Histogram] = {}
        self._services = services
        self._warm_up_s = warm_up_s
        self._imitated: defaultdict[str, list[int]] = defaultdict(list)

    def imitated(self, event: InstanceImitated) -> None:
        """Leave out the requests of a simulated instance."""
        self._imitated[event.service].append(event.instance)

    def read(self, chunk: Chunk) -> None:
        served = (chunk.intended_s >= self._warm_up_s) & ~chunk.failed & ~chunk.blocked & (chunk.instance > 0)
        for number in np.flatnonzero(np.bincount(chunk.source)).tolist():
            service = self._services[number]
            if service is None:
                continue
            rows = served & (chunk.source == number)
            if imitated := self._imitated.get(service):
                rows &= ~np.isin(chunk.instance, imitated)
            if rows.any():
                self.by_number.setdefault(number, Histogram()).record(chunk.service_s[rows])
