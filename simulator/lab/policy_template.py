"""A policy of one's own to begin with: what `simulator policies template` writes. It works as it is."""

from __future__ import annotations

from simulator.rules.policies.port import Observation, Sample


class MyPolicy:
    """Enough instances for the load of the last half minute, and one to spare."""

    tick_s = 5.0  # how often `decide` is asked
    # start_lag_s = 28.0  # from a decision to the launch; left out, that of the scenario's own policy
    # reacts_to_queue = True  # asked at once, too, when a request has to wait

    def __init__(self) -> None:
        self.loads: list[float] = []

    def observe(self, sample: Sample) -> None:
        """Every second of the service: in_flight, waiting, arrivals, rejected, finished, service_s, ready, ..."""
        lost = sample.rejected * sample.service_s / sample.finished if sample.finished else sample.rejected
        self.loads = [*self.loads[-29:], sample.in_flight + lost]

    def decide(self, observation: Observation) -> int:
        """How many instances should serve; the platform clamps it to MinSize and MaxSize."""
        mean = sum(self.loads) / max(1, len(self.loads))
        return int(mean / observation.scaling.max_concurrency) + 2
