"""What every scaling policy is: samples and an observation in, a decision with its reason out.

A policy is pure and owns its windows. The autoscaler (control/autoscaler.py) hands it every closed second of the
service's signal with `observe` and asks it for a verdict with `decide` each `tick_s`, and at once when a request has to
wait (`pokes`). What the platform does with the verdict, and how late, is the actuator's part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from simulator.model.scaling import AutoScalingConfiguration


class Sample(NamedTuple):
    """One closed second [second, second + 1) of a service's signal, in seconds since the platform started.

    Means are weighted by time. `in_flight` counts requests that hold a slot and requests that wait for one; refused
    requests are in neither. `service_s` is the sum of the times for which the requests finished in this second held a
    slot, so `service_s / finished` is the mean service time.

    The last two are extra signals, which only some policies read (their parameters tell by `needs`); 0 where nobody
    measures them. `cpu_s`: CPU seconds that all instances used in this second. `latency_p95_s`: 95th percentile of the
    latency of the requests finished in it, 0 when none was.
    """

    second: int
    in_flight: float
    waiting: float
    arrivals: int
    refused: int
    finished: int
    service_s: float
    ready: int  # instances able to serve at the end of the second
    cpu_s: float = 0.0
    latency_p95_s: float = 0.0


class Observation(NamedTuple):
    """The service at the moment of a decision."""

    now_s: float
    ready: int  # instances able to serve (idle or active)
    coming: int  # asked for and not ready yet
    in_flight: int  # requests that hold a slot
    waiting: int  # requests that wait for one
    scaling: AutoScalingConfiguration


@dataclass(frozen=True, slots=True)
class Decision:
    """How many instances should serve, and why.

    `desired` is after all clamps, so it lies within the configuration's bounds. `formula` has the numbers in it, e.g.
    `ceil(16.2 / (0.7 x 10)) = 3`. `inputs` are (name, value) pairs; `clamps` name what bounded the raw result, in
    order; `reason` is one sentence a person can read, with what was measured in it. `active`: of the desired ones, how
    many take requests before the others do (App Runner's active instances); None: all of them. `assumes` names a
    parameter that decided here and whose value is not documented; empty where none did.
    """

    desired: int
    formula: str
    reason: str
    inputs: tuple[tuple[str, float], ...] = ()
    clamps: tuple[str, ...] = ()
    active: int | None = None
    assumes: str = ""


@dataclass(frozen=True, slots=True)
class Actuator:
    """How the platform carries a decision out. Times in seconds.

    `start_lag_s` passes between the decision to add an instance and its launch (the application's own start-up comes on
    top). `idle_expiry_s`: an instance without requests for that long is removed whatever the policy says; None = never.
    `activates`: the platform tells provisioned from active instances (App Runner): instances beyond `desired` but
    within min_size stay provisioned, idle and throttled; when False every instance serves. `startup_probe_s`: between
    the looks whether a starting instance is ready, until the first that finds it so (readiness.py); 0: at once when it
    listens; None: the interval of the service's health check.
    """

    start_lag_s: float = 0.0
    idle_expiry_s: float | None = None
    activates: bool = False
    startup_probe_s: float | None = None


class Policy(Protocol):
    """The contract. Constructed from its parameters (a frozen dataclass) and the auto scaling configuration."""

    name: str
    tick_s: float
    actuator: Actuator
    pokes: bool  # decide at once when a request finds no ready instance or has to wait

    def observe(self, sample: Sample) -> None:
        """Take in a closed second. Called once for every second, in order, before any decision at or after its end."""

    def decide(self, observation: Observation) -> Decision | None:
        """The verdict now; None when there is no data to decide on."""
