"""What a policy needs in order to act: the signals that make it scale out, and the time and the past that it looks at.

A policy's parameters declare it (`requires`), so that a scenario in which a policy cannot act is found before it is
played (replay/policy_fit.py): a policy that counts queued requests where nothing queues, one that watches the CPU of an
application that uses none, one whose alarms take longer than the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from simulator.rules.policies.load import Metric


class Signal(StrEnum):
    """What a policy scales on, in the words of a sentence. Per instance, but for the last two."""

    QUEUED = "queued requests"
    CONCURRENCY = "requests in progress"  # that hold a slot or are queued for one
    OFFERED = "offered concurrency"  # with what rejected requests would have added
    CPU = "CPU"  # vCPUs in use
    RATE = "requests per second"
    LATENCY = "latency"  # 95th percentile, seconds
    SCHEDULE = "a schedule"
    DEMAND = "the future demand"


@dataclass(frozen=True, slots=True)
class Trigger:
    """The policy scales out once `signal` exceeds `above` at each instance, in the signal's unit."""

    signal: Signal
    above: float = 0.0


@dataclass(frozen=True, slots=True)
class Requirements:
    """Any one of `triggers` makes the policy scale out; without any it never does. Times in seconds.

    `soonest_s`: the earliest scale-out after traffic has begun, however large the overload. `slowest_s`: the longest
    window, delay or cooldown of the rule: a shorter run shows only a part of it. `history_s`: the past without which
    `without_history` holds.
    """

    triggers: tuple[Trigger, ...]
    soonest_s: float = 0.0
    slowest_s: float = 0.0
    history_s: float = 0.0
    without_history: str = ""


def trigger_of(metric: Metric, above: float, vcpus: float) -> Trigger:
    """The trigger of a per-instance metric (load.py); `above` in the metric's unit, CPU as a share of `vcpus`."""
    if metric == "cpu":
        return Trigger(Signal.CPU, above * vcpus)
    return Trigger(Signal.RATE if metric == "requests" else Signal.CONCURRENCY, above)
