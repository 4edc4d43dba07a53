"""A template for a custom policy, written by `simulator policies template`. It runs unchanged."""

from __future__ import annotations

from simulator.rules.policies.port import Observation, Sample


class MyPolicy:
    """Keep enough instances for the mean load of the last 30 s, and one spare instance."""

    tick_s = 5.0  # interval between calls of `decide`, in seconds
    # start_lag_s = 28.0  # from a decision to the launch; default: that of the scenario's own policy
    # reacts_to_queue = True  # also call `decide` at once when a request is queued

    def __init__(self) -> None:
        self.loads: list[float] = []

    def observe(self, sample: Sample) -> None:
        """Receive the metrics of one second: in_flight, waiting, arrivals, rejected, finished, service_s, ready, ..."""
        lost = sample.rejected * sample.service_s / sample.finished if sample.finished else sample.rejected
        self.loads = [*self.loads[-29:], sample.in_flight + lost]

    def decide(self, observation: Observation) -> int:
        """Return the desired number of instances. The platform clamps it to MinSize and MaxSize."""
        mean = sum(self.loads) / max(1, len(self.loads))
        return int(mean / observation.scaling.max_concurrency) + 2
