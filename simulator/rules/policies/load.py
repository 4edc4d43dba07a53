"""What one instance carries in a second, in the units that platforms count it in, and what it should carry.

A per-instance metric is a weighted mean: (amount, weight) pairs are summed over time, so that a second with many
instances counts for more than one with few. `cpu` is a share of the instance's vCPUs, `concurrency` requests in flight
per instance (those that wait included), `requests` requests/s per instance.
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

# 0.7 x 3 is a hair below 2.1 in binary: a load of exactly the target must not cost an instance.
DUST: Final = 1e-9


def measured(metric: Metric, sample: Sample, vcpus: float) -> tuple[float, float]:
    """(amount, weight) of one second; (0, 0) without a ready instance: nothing was there to be measured."""
    if sample.ready <= 0:
        return 0.0, 0.0
    if metric == "cpu":
        return sample.cpu_s, sample.ready * vcpus
    if metric == "requests":
        return sample.arrivals, sample.ready
    return sample.in_flight, sample.ready


def needs_of(metric: Metric) -> frozenset[str]:
    """The extra signals that `metric` is computed from."""
    return frozenset({CPU}) if metric == "cpu" else frozenset()


def check_target(metric: Metric, target: float | None) -> None:
    """Raises ValueError for a target that is not above 0, or missing for requests/s, which have no natural default."""
    if target is not None:
        check_above("target", target, 0)
    elif metric == "requests":
        msg = "metric = 'requests', must be told with a target: requests/s per instance"
        raise ValueError(msg)


class OfferedLoad:
    """The concurrency that clients offer: what is in flight, and what the refused requests would have added.

    By Little's law that is refused per second x mean service time, as measured in the newest second in which requests
    finished. Before the first one it is unknown and refused requests do not count: a guess would outweigh the signal.
    """

    __slots__ = ("_service_s",)

    def __init__(self) -> None:
        self._service_s = 0.0

    def of(self, sample: Sample) -> float:
        """Requests, a mean over the sample's second."""
        if sample.finished:
            self._service_s = sample.service_s / sample.finished
        return sample.in_flight + sample.refused * self._service_s


def concurrency_target(target: float | None, share: float, scaling: AutoScalingConfiguration) -> float:
    """Requests in flight that an instance should carry: `target`, or `share` of MaxConcurrency."""
    return target if target is not None else share * scaling.max_concurrency
