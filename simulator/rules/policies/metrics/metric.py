"""The load per instance in the metrics of the platforms, and its targets.

A per-instance metric is a weighted mean: (amount, weight) pairs are summed over time, so a second with many instances
has more weight than one with few. `cpu` is the share of the instance's vCPUs, `memory` the share of its memory,
`concurrency` the requests in flight per instance (including queued ones), `requests` the requests/s per instance, and
`requests-per-target` the requests per instance and minute: the sum that AWS calls ALBRequestCountPerTarget.
"""

from __future__ import annotations

from typing import Final, Literal, assert_never

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.port import Sample
from simulator.rules.policies.ranges import check_above

Metric = Literal["cpu", "memory", "concurrency", "requests", "requests-per-target"]

PER_TARGET: Final = "requests-per-target"
MINUTE_S: Final = 60.0
GB: Final = 1024**3

CPU: Final = "cpu"
MEMORY: Final = "memory"
LATENCY: Final = "latency"
"""Names of the extra signals of a Sample, for `needs`."""

# 0.7 x 3 is slightly below 2.1 in binary: a load of exactly the target must not require another instance.
EPSILON: Final = 1e-9


def measured(metric: Metric, sample: Sample, vcpus: float, memory_gb: float = 1.0) -> tuple[float, float]:
    """Return (amount, weight) of one second; (0, 0) without a ready instance, because there is nothing to measure.

    `vcpus`, `memory_gb`: of an instance.
    """
    if sample.ready <= 0:
        return 0.0, 0.0
    match metric:
        case "cpu":
            return sample.cpu_s, sample.ready * vcpus
        case "memory":
            return sample.memory_bytes, sample.ready * memory_gb * GB
        case "requests":
            return sample.arrivals, sample.ready
        case "requests-per-target":
            return sample.arrivals * MINUTE_S, sample.ready
        case "concurrency":
            return sample.in_flight, sample.ready
        case _:
            assert_never(metric)


def needs_of(metric: Metric) -> frozenset[str]:
    """Return the extra signals from which `metric` is computed."""
    return frozenset({metric}) if metric in {CPU, MEMORY} else frozenset()


def target_text(metric: Metric, target: float) -> str:
    """Return a target for readers, with the unit where the number alone may be misread."""
    return f"{target:g} requests per target and minute" if metric == PER_TARGET else f"{target:g}"


def value_text(metric: Metric, value: float) -> str:
    """Return a measured value for readers, rounded, as `target_text`."""
    return f"{value:.4g} per target and minute" if metric == PER_TARGET else f"{value:.4g}"


def check_period(metric: Metric, period_s: float) -> None:
    """Check the period of the points of a metric.

    Raises:
        ValueError: if a sum per minute has points of another length than whole minutes.
    """
    if metric == PER_TARGET and period_s % MINUTE_S:
        msg = f"metric_period = {period_s:g} s, must be whole minutes for {PER_TARGET}, which is a sum per minute"
        raise ValueError(msg)


def check_target(metric: Metric, target: float | None) -> None:
    """Check a target.

    Raises:
        ValueError: if it is not above 0, or if it is None for requests, which have no natural default.
    """
    if target is not None:
        check_above("target", target, 0)
    elif metric in {"requests", PER_TARGET}:
        unit = "requests per target and minute" if metric == PER_TARGET else "requests/s per instance"
        msg = f"metric = {metric!r}, must be given with a target: {unit}"
        raise ValueError(msg)


class OfferedLoad:
    """The offered concurrency: requests in flight, plus the concurrency that the rejected requests would have added.

    By Little's law the latter is rejected requests per second x mean service time, measured in the newest second in
    which requests completed. Before the first completion that time is unknown and rejected requests do not count: a
    guess would outweigh the signal.
    """

    __slots__ = ("_service_s",)

    def __init__(self) -> None:
        self._service_s = 0.0

    def of(self, sample: Sample) -> float:
        """Return the mean offered concurrency in the sample's second."""
        if sample.finished:
            self._service_s = sample.service_s / sample.finished
        return sample.in_flight + sample.rejected * self._service_s


def concurrency_target(target: float | None, share: float, scaling: AutoScalingConfiguration) -> float:
    """Return the desired requests in flight per instance: `target`, or `share` of MaxConcurrency if it is None."""
    return target if target is not None else share * scaling.max_concurrency
