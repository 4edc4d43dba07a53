"""The figures of a run as an OpenMetrics text file, with the run's own timestamps.

`promtool tsdb create-blocks-from openmetrics` converts it to a Prometheus database. OpenMetrics requires all points of
a series together, so points are kept until the end, as bare numbers: a series has at most `POINTS_MAX`, 8 bytes each.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator
from typing import Final, TextIO

from prometheus_client.core import Metric
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.samples import Sample as MetricSample

from simulator.records.metrics import Metrics, SecondCounted
from simulator.telemetry.prometheus.families import service_families

STEP_S: Final = 15  # Prometheus' customary interval
POINTS_MAX: Final = 720

_EOF: Final = "# EOF\n"


def step_s(duration_s: float) -> int:
    """Return the seconds between the points of a run: the smallest multiple of `STEP_S` that `POINTS_MAX` allows."""
    return STEP_S * max(1, math.ceil(duration_s / (STEP_S * POINTS_MAX)))


class MetricsFile:
    """Observes the platform from its creation on. Call `write` after the run.

    `epoch_s`: the start of the run in seconds since 1970.
    """

    def __init__(self, metrics: Metrics, duration_s: float, epoch_s: float = 0.0) -> None:
        self._metrics = metrics
        self._step_s = step_s(duration_s)
        self._epoch_s = epoch_s
        self._at_s: dict[str, array[float]] = {}
        self._values: dict[str, array[float]] = {}
        self._shapes: dict[str, list[Metric]] = {}  # of the first point; all later points have the same samples
        metrics.counted.subscribe(SecondCounted, self._sampled)

    def finish(self, at_s: float) -> None:
        """Add the last point, at the end of the run."""
        for service in self._metrics.services:
            times = self._at_s.get(service)
            if times is None or times[-1] < at_s:
                self._take(service, at_s)

    def write(self, out: TextIO) -> None:
        shapes = list(self._shapes.values())
        for index in range(len(shapes[0]) if shapes else 0):
            first = shapes[0][index]
            family = Metric(first.name, first.documentation, first.type, first.unit)
            family.samples = list(self._points(index))
            out.write(generate_latest(_One(family)).decode().removesuffix(_EOF))  # type: ignore[no-untyped-call]
        out.write(_EOF)

    def _sampled(self, counted: SecondCounted) -> None:
        at_s = counted.sample.second + 1
        if at_s % self._step_s == 0:
            self._take(counted.service, float(at_s))

    def _take(self, service: str, at_s: float) -> None:
        families = service_families({service: self._metrics.settle()[service]})
        self._shapes.setdefault(service, families)
        self._at_s.setdefault(service, array("d")).append(at_s)
        values = self._values.setdefault(service, array("d"))
        for family in families:
            values.extend(float(sample.value) for sample in family.samples)

    def _points(self, index: int) -> Iterator[MetricSample]:
        """Yield the points of one family, series by series; those of a histogram point by point."""
        for service, shape in self._shapes.items():
            width = sum(len(family.samples) for family in shape)
            begin = sum(len(family.samples) for family in shape[:index])
            samples, moments = shape[index].samples, self._at_s[service]
            groups = (
                [range(len(samples))] if shape[index].type == "histogram" else [(at,) for at in range(len(samples))]
            )
            for group in groups:
                for point, at_s in enumerate(moments):
                    for at in group:
                        value = self._values[service][point * width + begin + at]
                        yield samples[at]._replace(value=value, timestamp=round(self._epoch_s + at_s, 3))


class _One:
    """A registry with a single family, for `generate_latest`."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        return (self._family,)
