"""Requirements of a policy: the signals that make it scale out, and the time and history that it needs.

A policy's parameters declare them (`requires`), so that a scenario in which the policy cannot act is detected before
the run (traffic/policy_fit.py). Examples: a policy that counts queued requests in a service without a queue, a policy
that scales on the CPU of an application that uses none, a policy whose alarms take longer than the run.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, assert_never

from simulator.rules.policies.metrics.metric import MINUTE_S, Metric


class Signal(StrEnum):
    """The signal on which a policy scales; the values are used in messages. All but the last two are per instance."""

    QUEUED = "queued requests"
    CONCURRENCY = "requests in progress"  # requests that use a slot or are queued for one
    OFFERED = "offered concurrency"  # including the concurrency that rejected requests would have added
    CPU = "CPU"  # vCPUs in use
    MEMORY = "memory"  # GB in use
    RATE = "requests per second"
    LATENCY = "latency"  # 95th percentile, seconds
    SCHEDULE = "a schedule"
    DEMAND = "the future demand"


class Trigger(NamedTuple):
    """The policy scales out when `signal` exceeds `above` per instance, in the signal's unit."""

    signal: Signal
    above: float = 0.0


class Requirements(NamedTuple):
    """When a policy can act. Each of `triggers` makes it scale out; without any it never does. Times in seconds.

    `soonest_s`: the earliest scale-out after traffic has begun, whatever the overload. `slowest_s`: the longest window,
    delay or cooldown of the policy; a shorter run shows only a part of its behaviour. `history_s`: the length of
    history that it needs; before that, `without_history` describes its behaviour.
    """

    triggers: tuple[Trigger, ...]
    soonest_s: float = 0.0
    slowest_s: float = 0.0
    history_s: float = 0.0
    without_history: str = ""


def trigger_of(metric: Metric, above: float, vcpus: float, memory_gb: float = 1.0) -> Trigger:
    """Return the trigger of a per-instance metric (rules/policies/metrics/metric.py); `above` in its unit, for CPU
    and memory as a share of `vcpus` and `memory_gb`.
    """
    match metric:
        case "cpu":
            return Trigger(Signal.CPU, above * vcpus)
        case "memory":
            return Trigger(Signal.MEMORY, above * memory_gb)
        case "requests":
            return Trigger(Signal.RATE, above)
        case "requests-per-target":
            return Trigger(Signal.RATE, above / MINUTE_S)
        case "concurrency":
            return Trigger(Signal.CONCURRENCY, above)
        case _:
            assert_never(metric)
