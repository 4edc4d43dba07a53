"""Small services for policies to scale: the observations that a platform would pass to them, without a platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.port import Decision, Observation, Policy, Sample


def sample(
    second: int,
    in_flight: float = 0.0,
    *,
    rejected: int = 0,
    finished: int = 0,
    service_s: float = 0.0,
    ready: int = 1,
    cpu_s: float = 0.0,
    latency_p95_s: float = 0.0,
    memory_bytes: float = 0.0,
) -> Sample:
    return Sample(
        second=second,
        in_flight=in_flight,
        waiting=0.0,
        arrivals=finished + rejected,
        rejected=rejected,
        finished=finished,
        service_s=service_s,
        ready=ready,
        cpu_s=cpu_s,
        latency_p95_s=latency_p95_s,
        memory_bytes=memory_bytes,
    )


def observation(
    now_s: float,
    scaling: AutoScalingConfiguration,
    *,
    ready: int = 1,
    coming: int = 0,
    in_flight: int = 0,
    waiting: int = 0,
    deploys: bool = False,
) -> Observation:
    return Observation(now_s, ready, coming, in_flight, waiting, scaling, deploys)


def obedient(
    policy: Policy,
    scaling: AutoScalingConfiguration,
    load: Callable[[int], float],
    seconds: int,
    ready: int = 1,
) -> Iterator[tuple[int, Decision | None]]:
    """Simulate a service whose instances start and end at once; yield (now, decision) at each tick.

    `load(second)` requests are in flight during that second, and as many arrive.
    """
    tick = int(policy.tick_s)
    for second in range(seconds):
        requests = load(second)
        policy.observe(sample(second, requests, finished=round(requests), service_s=requests))
        now = second + 1
        if now % tick == 0:
            decision = policy.decide(observation(now, scaling, ready=ready, in_flight=round(requests)))
            if decision is not None:
                ready = decision.desired
            yield now, decision
