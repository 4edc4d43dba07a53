"""The meter of a service: counts and time-weighted means of its requests in the current second."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulator.rules.policies.port import Sample


class Meter:
    """Counts requests and integrates their number over time since the last `close`. All times are seconds of one clock
    and do not decrease from call to call.
    """

    __slots__ = (
        "_arrivals",
        "_closed_s",
        "_finished",
        "_present_at_s",
        "_present_s",
        "_rejected",
        "_service_s",
        "_waiting_at_s",
        "_waiting_s",
        "latencies_s",
        "present",
        "waiting",
    )

    def __init__(self, now: float) -> None:
        self.present = 0  # requests that occupy a slot or wait for one
        self.waiting = 0
        self._present_s = self._waiting_s = 0.0
        self._closed_s = self._present_at_s = self._waiting_at_s = now
        self._arrivals = self._rejected = self._finished = 0
        self._service_s = 0.0
        # Recorded only for policies that use latencies; None avoids the cost.
        self.latencies_s: list[float] | None = None

    def arrived(self, now: float) -> None:
        self._present_s += self.present * (now - self._present_at_s)
        self._present_at_s = now
        self.present += 1
        self._arrivals += 1

    def rejected(self, _now: float) -> None:
        """Count a request that was rejected on arrival, so that it was never in flight."""
        self._arrivals += 1
        self._rejected += 1

    def began_waiting(self, now: float) -> None:
        self._waiting_s += self.waiting * (now - self._waiting_at_s)
        self._waiting_at_s = now
        self.waiting += 1

    def ended_waiting(self, now: float) -> None:
        self._waiting_s += self.waiting * (now - self._waiting_at_s)
        self._waiting_at_s = now
        self.waiting -= 1

    def finished(self, now: float, service_s: float) -> None:
        self._present_s += self.present * (now - self._present_at_s)
        self._present_at_s = now
        self.present -= 1
        self._finished += 1
        self._service_s += service_s

    def gone(self, now: float, *, rejected: bool) -> None:
        """Count a request that left the queue without a slot: it expired (`rejected`) or its client disconnected."""
        self._present_s += self.present * (now - self._present_at_s)
        self._present_at_s = now
        self.present -= 1
        self._rejected += rejected

    def close(self, second: int, now: float, ready: int, cpu_s: float = 0.0) -> Sample:
        """Return the sample of the time from the last close until `now`, and reset the counts."""
        self._present_s += self.present * (now - self._present_at_s)
        self._waiting_s += self.waiting * (now - self._waiting_at_s)
        width_s = now - self._closed_s
        sample = Sample(
            second=second,
            in_flight=time_mean(self._present_s, width_s, self.present),
            waiting=time_mean(self._waiting_s, width_s, self.waiting),
            arrivals=self._arrivals,
            rejected=self._rejected,
            finished=self._finished,
            service_s=self._service_s,
            ready=ready,
            cpu_s=cpu_s,
            latency_p95_s=self._latency_p95_s(),
        )
        self._closed_s = self._present_at_s = self._waiting_at_s = now
        self._present_s = self._waiting_s = self._service_s = 0.0
        self._arrivals = self._rejected = self._finished = 0
        return sample

    def _latency_p95_s(self) -> float:
        """Return the 95th percentile of the recorded latencies, and clear them."""
        if not self.latencies_s:
            return 0.0
        ranked = sorted(self.latencies_s)
        self.latencies_s.clear()
        return ranked[p95_index(len(ranked))]


def combined(samples: Sequence[Sample]) -> Sample:
    """Return the sample of several revisions of a service in the same second: sums, and the larger percentile.

    The percentile is not that of all requests, which would need the latencies themselves.

    ASSUMPTION: during a deployment a policy scales on the instances of both revisions together. On ECS that is how the
    CPU and memory of a service are defined, but ALBRequestCountPerTarget belongs to one target group, so with a canary
    of 5 % the old one's is almost twice the mean of both. The metric and the desired count during a canary settle it.
    """
    first, *others = samples
    if not others:
        return first
    return first._replace(
        in_flight=sum(sample.in_flight for sample in samples),
        waiting=sum(sample.waiting for sample in samples),
        arrivals=sum(sample.arrivals for sample in samples),
        rejected=sum(sample.rejected for sample in samples),
        finished=sum(sample.finished for sample in samples),
        service_s=sum(sample.service_s for sample in samples),
        ready=sum(sample.ready for sample in samples),
        cpu_s=sum(sample.cpu_s for sample in samples),
        latency_p95_s=max(sample.latency_p95_s for sample in samples),
        memory_bytes=sum(sample.memory_bytes for sample in samples),
    )


def time_mean(integral_s: float, width_s: float, present: int) -> float:
    """Return a mean over `width_s` seconds from its time integral; for a width of 0, the number `present`."""
    return integral_s / width_s if width_s > 0 else float(present)


def p95_index(count: int) -> int:
    """Return the index of the 95th percentile among `count` sorted values, by the nearest rank."""
    return math.ceil(0.95 * count) - 1
