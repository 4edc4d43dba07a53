"""App Runner's nine metrics (facts 11.2), minute by minute, from the same figures that Prometheus gets.

A minute of a service collects its finished seconds and its ended requests. It is complete with the last second that
belongs to it, on either clock; a second belongs to the calendar minute that contains most of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.records.metrics import LastArrivals, Metrics, RequestsCounted, SecondCounted
from simulator.records.outcomes import CLASSES, count_classes
from simulator.telemetry.cloudwatch.cpu_readings import LOOK_EVERY_S, CpuReadings
from simulator.telemetry.cloudwatch.latencies import Latencies
from simulator.telemetry.cloudwatch.platform_view import InstanceReading, PlatformView, ServiceIdentity
from simulator.telemetry.cloudwatch.points import MetricPoint, Series
from simulator.telemetry.cloudwatch.settings import MINUTE_S, CloudWatchSettings, LatencyOf

_STATUS_METRICS: Final = ("2xx", "4xx", "5xx")  # App Runner has no metric for other statuses (facts 11.2)
_STALE_S: Final = 2.0
_PERCENT: Final = 100.0


@dataclass(slots=True)
class _Minute:
    identity: ServiceIdentity
    begin_s: float
    requests: int = 0
    classes: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(CLASSES), dtype=np.int64))
    latencies: Latencies = field(default_factory=Latencies)
    concurrency: Counter[float] = field(default_factory=Counter)
    active: Counter[float] = field(default_factory=Counter)
    cpu: dict[str, list[float]] = field(default_factory=dict)  # percent, by instance
    memory: dict[str, list[float]] = field(default_factory=dict)
    seconds: int = 0


class MinuteAggregator:
    """Observes the platform from its creation on. `put` receives the points of every minute that has ended."""

    def __init__(
        self,
        metrics: Metrics,
        view: PlatformView,
        settings: CloudWatchSettings,
        now: Callable[[], float],
        put: Callable[[MetricPoint], None],
    ) -> None:
        self._metrics = metrics
        self._view = view
        self._settings = settings
        self._now = now
        self._put = put
        self._minutes: dict[str, _Minute] = {}
        self._cpu_readings: dict[str, CpuReadings] = {}
        metrics.counted.subscribe(RequestsCounted, self._ended)
        metrics.counted.subscribe(SecondCounted, self._sampled)
        metrics.counted.subscribe(LastArrivals, self._arrived_last)

    def close_stale(self) -> None:
        """Complete the minutes of services that no longer have seconds, because they are paused or deleted."""
        now_s = self._now()
        for service, figures in self._metrics.services.items():
            if service not in self._minutes:
                figures.outcomes.fold()
        for service, minute in list(self._minutes.items()):
            if minute.begin_s + MINUTE_S + _STALE_S <= now_s:
                self._close(service)

    def finish(self) -> None:
        """Complete every minute in its current state."""
        now_s = self._now()
        for service, minute in list(self._minutes.items()):
            self._read_cpu(service, minute, now_s)
            self._close(service)

    # --- filling -----------------------------------------------------------------------------------------------------

    def _sampled(self, counted: SecondCounted) -> None:
        service, sample = counted
        now_s = self._now()
        # The finished second ends now: its middle determines its minute, and the time half a second later that of the
        # next second.
        begin_s, next_s = _minute_of(now_s - 0.5), _minute_of(now_s + 0.5)
        opened = self._minutes.get(service)
        if opened is not None and opened.begin_s < begin_s:
            self._close(service)
        minute = self._open(service, begin_s)
        if minute is None:
            return
        minute.requests += sample.arrivals
        minute.concurrency[round(sample.in_flight, 3)] += 1
        # ASSUMPTION: each second counts the instances that had a request in it, so a minute's average is their mean
        # number. How AWS counts an instance that worked for a part of the minute is not known (facts 19.4); the
        # statistics of a minute with one request would settle it.
        minute.active[float(self._metrics.of(service).busy)] += 1
        minute.seconds += 1
        if minute.seconds % LOOK_EVERY_S == 0 or next_s > begin_s:
            self._read_cpu(service, minute, now_s)
        if next_s > begin_s:
            self._close(service)

    def _arrived_last(self, last: LastArrivals) -> None:
        minute = self._open(last.service, _minute_of(self._now()))
        if minute is not None:
            minute.requests += last.arrivals

    def _ended(self, counted: RequestsCounted) -> None:
        service, rows = counted
        minute = self._open(service, _minute_of(self._now() - 0.5))
        if minute is None:
            return
        minute.classes += count_classes(rows)
        if self._settings.latency_of is LatencyOf.INSTANCE:
            minute.latencies.record(rows[rows[:, 4] >= 0, 4])
        else:
            minute.latencies.record(rows[:, 1])

    def _open(self, service: str, begin_s: float) -> _Minute | None:
        """Return the current minute of the service; a new one begins at `begin_s`.

        None if the service no longer exists.

        A service that was deleted and created again under the same name is another service.
        """
        identity, minute = self._view.identity(service), self._minutes.get(service)
        if minute is not None and identity is not None and identity != minute.identity:
            self._publish(service)
            minute = None
        if minute is None and identity is not None:
            minute = self._minutes[service] = _Minute(identity, begin_s)
        return minute

    def _read_cpu(self, service: str, minute: _Minute, now_s: float) -> None:
        readings = self._cpu_readings.setdefault(service, CpuReadings())
        for reading, utilization in readings.read(self._view.readings(service), now_s):
            minute.memory.setdefault(reading.instance_id, []).append(_memory_percent(reading))
            if utilization is not None:
                minute.cpu.setdefault(reading.instance_id, []).append(_PERCENT * utilization)

    # --- closing -----------------------------------------------------------------------------------------------------

    def _close(self, service: str) -> None:
        minute, figures = self._minutes[service], self._metrics.services.get(service)
        if figures is not None:
            figures.outcomes.fold()  # requests that have ended by now belong to this minute
        if self._minutes.get(service) is minute:  # otherwise the figures belong to a later service with this name
            self._publish(service)

    def _publish(self, service: str) -> None:
        minute = self._minutes.pop(service)
        if service not in self._metrics.services:
            self._cpu_readings.pop(service, None)
        due_s = minute.begin_s + MINUTE_S + self._settings.delay_s
        for point in self._points(minute, Series(minute.identity, minute.begin_s, due_s)):
            self._put(point)

    def _points(self, minute: _Minute, series: Series) -> Iterator[MetricPoint]:
        # ASSUMPTION: a minute without requests has a 0 in the counts and no latency, as a load balancer's metrics at
        # AWS have none; the points of an idle service would settle it.
        yield series.value("Requests", "Count", minute.requests)
        for name in _STATUS_METRICS:
            yield series.value(f"{name}StatusResponses", "Count", minute.classes[CLASSES.index(name)])
        yield from series.values("RequestLatency", "Milliseconds", minute.latencies.values())
        yield from series.values("Concurrency", "Count", sorted(minute.concurrency.items()))
        yield from series.values("ActiveInstances", "Count", sorted(minute.active.items()))
        for name, by_instance in (("CPUUtilization", minute.cpu), ("MemoryUtilization", minute.memory)):
            # ASSUMPTION: the service's figure covers all samples of all instances, including idle ones, with equal
            # weight; a service with one busy and one idle instance would settle it.
            if by_instance:
                yield series.statistics(name, "Percent", [value for each in by_instance.values() for value in each])
            for instance, values in by_instance.items():
                yield series.statistics(name, "Percent", values, **{self._settings.instance_dimension: instance})


def _minute_of(at_s: float) -> float:
    return at_s // MINUTE_S * MINUTE_S


def _memory_percent(reading: InstanceReading) -> float:
    return _PERCENT * reading.usage.memory_bytes / (reading.size.memory_mb * 1024**2)
