"""The load per instance in the metrics of the platforms, and its targets.

A per-instance metric is a weighted mean: (amount, weight) pairs are summed over time, so a second with many instances
has more weight than one with few. `cpu` is the share of the instance's vCPUs, `concurrency` the requests in flight per
instance (including queued ones), `requests` the requests/s per instance.
"""

from __future__ import annotations

from typing import Final, Literal

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.port import Sample
from simulator.rules.policies.ranges import check_above

Metric = Literal["cpu", "concurrency", "requests"]

CPU: Final = "cpu"
LATENCY: Final = "latency"
"""Names of the extra signals of a Sample, for `needs`."""

# 0.7 x 3 is slightly below 2.1 in binary: a load of exactly the target must not require another instance.
EPSILON: Final = 1e-9


def measured(metric: Metric, sample: Sample, vcpus: float) -> tuple[float, float]:
    """Return (amount, weight) of one second; (0, 0) without a ready instance, because there is nothing to measure."""
    if sample.ready <= 0:
        return 0.0, 0.0
    if metric == "cpu":
        return sample.cpu_s, sample.ready * vcpus
    if metric == "requests":
        return sample.arrivals, sample.ready
    return sample.in_flight, sample.ready


def needs_of(metric: Metric) -> frozenset[str]:
    """Return the extra signals from which `metric` is computed."""
    return frozenset({CPU}) if metric == "cpu" else frozenset()


def check_target(metric: Metric, target: float | None) -> None:
    """Check a target.

    Raises:
        ValueError: if it is not above 0, or if it is None for requests/s, which have no natural default.
    """
    if target is not None:
        check_above("target", target, 0)
    elif metric == "requests":
        msg = "metric = 'requests', must be given with a target: requests/s per instance"
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
