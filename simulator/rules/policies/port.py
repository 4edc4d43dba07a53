"""The interface of scaling policies: from samples and an observation to a decision with its reason.

A policy has no side effects and owns its windows. The autoscaler (fleet/replicas/autoscaler.py) passes it every closed
second of the service's signal with `observe` and calls `decide` every `tick_s`, and also when a request is queued
(`reacts_to_queue`). The actuator determines what the platform does with the decision, and with which delay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.start_stages import Kept, StartLaw


class Sample(NamedTuple):
    """One closed second [second, second + 1) of a service's signal, in seconds since the platform started.

    Means are weighted by time. `in_flight` counts requests that use a slot and requests that wait for one; rejected
    requests are not included. `service_s` is the sum of the times for which the requests completed in this second used
    a slot, so `service_s / finished` is the mean service time.

    `cpu_s`, `latency_p95_s` and `memory_bytes` are extra signals, which only some policies use (see `needs` of their
    parameters); they are 0 if not measured. `cpu_s` is the CPU time that all instances used in this second, in seconds.
    `latency_p95_s` is the 95th percentile of the latency of the requests completed in it, 0 if there were none.
    `memory_bytes` is the memory in use by the ready instances at the end of the second.
    """

    second: int
    in_flight: float
    waiting: float
    arrivals: int
    rejected: int
    finished: int
    service_s: float
    ready: int  # instances able to serve at the end of the second
    cpu_s: float = 0.0
    latency_p95_s: float = 0.0
    memory_bytes: float = 0.0


class Observation(NamedTuple):
    """The state of the service at the time of a decision."""

    now_s: float
    ready: int  # instances able to serve (idle or active)
    coming: int  # requested instances that are not ready yet
    in_flight: int  # requests that use a slot
    waiting: int  # requests that wait for one
    scaling: AutoScalingConfiguration
    deploys: bool = False  # a deployment of the service is in progress


@dataclass(frozen=True, slots=True)
class Decision:
    """The desired number of instances, and the reason.

    `desired` is the result after all clamps, so it is within the configuration's bounds. `formula` contains the
    numbers, e.g. `ceil(16.2 / (0.7 x 10)) = 3`. `inputs` are (name, value) pairs. `clamps` are the limits that changed
    the raw result, in order. `reason` is a sentence for users with the measured values. `active` is the number of
    desired instances that get requests before the others (App Runner's active instances); None means all of them.
    `assumes` is the name of an undocumented parameter that determined the result; empty if there is none.
    `queue_max` is the number of requests that may wait until the next decision, at most the service's own limit; None:
    that limit.
    """

    desired: int
    formula: str
    reason: str
    inputs: tuple[tuple[str, float], ...] = ()
    clamps: tuple[str, ...] = ()
    active: int | None = None
    assumes: str = ""
    queue_max: int | None = None


@dataclass(frozen=True, slots=True)
class AgeLimit:
    """How long the platform keeps an instance at most, from ready on, whether it has requests or not.

    The limit is uniform between `low_s` and `high_s`. `recycled_s`: the mean of an exponential time after which the
    platform removes an instance for reasons of its own; None: never.
    """

    low_s: float
    high_s: float
    recycled_s: float | None = None

    def at(self, limit: float, recycling: float) -> float:
        """Return the age in seconds for two random numbers in [0, 1)."""
        longest_s = self.low_s
        if self.low_s < self.high_s:  # both are infinite if only `recycled_s` ends an instance
            longest_s += limit * (self.high_s - self.low_s)
        if self.recycled_s is None:
            return longest_s
        return min(longest_s, -self.recycled_s * math.log1p(-recycling))


@dataclass(frozen=True, slots=True)
class Actuator:
    """How the platform carries out a decision. Times are in seconds.

    `start_lag_s`: the time between the decision to add an instance and its launch; the application's start-up time
    follows. `idle_expiry_s`: an instance without requests for that long is removed whatever the policy decides; None =
    never. It differs between instances by up to the share `idle_expiry_spread` in both directions, uniformly, and is
    `idle_expiry_factor` times as long while another instance is in service.
    `age_limit`: how long an instance is kept at most; None = without limit. `activates`: the platform distinguishes
    provisioned and active instances (App Runner): instances beyond `desired` but within min_size stay provisioned, idle
    and throttled; if False every instance serves. `startup_probe_s`: the interval at which a starting instance is
    probed until it is ready (readiness.py); 0: it is ready as soon as it listens; None: the interval of the service's
    health check. `start_law`: the start as stages, each with a distribution, and the initialisation of a runtime; then
    `start_lag_s` is only the mean of both, for planning. None: `start_lag_s` is constant. `kept`: what a starting
    instance still has from an earlier time.
    """

    start_lag_s: float = 0.0
    idle_expiry_s: float | None = None
    idle_expiry_spread: float = 0.0
    idle_expiry_factor: float = 1.0
    age_limit: AgeLimit | None = None
    activates: bool = False
    startup_probe_s: float | None = None
    start_law: StartLaw | None = None
    kept: Kept = Kept.NOTHING


class Policy(Protocol):
    """A scaling policy. It is created from its parameters (a frozen dataclass) and the auto scaling configuration."""

    name: str
    tick_s: float
    actuator: Actuator
    reacts_to_queue: bool  # decide immediately when a request finds no ready instance or is queued

    def observe(self, sample: Sample) -> None:
        """Record a closed second. Called once for every second, in order, before any decision at or after its end."""

    def decide(self, observation: Observation) -> Decision | None:
        """Return the decision; None if there is no data to decide on."""
