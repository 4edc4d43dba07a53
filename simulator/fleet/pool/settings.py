"""Settings of a service's pool beyond the auto scaling configuration: one frozen value; all times in seconds."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from simulator.model.health import STARTUP_ALLOWANCE_S, HealthCheck
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.model.text.problems import one_of
from simulator.rules.admission import Overflow
from simulator.rules.balancers import BALANCERS
from simulator.rules.health import STEADY_S
from simulator.world.distributions import Distribution

if TYPE_CHECKING:
    from simulator.rules.load_balancer.settings import ApplicationLoadBalancer

DEFAULT_PORT: Final = 8080  # of a service that configures none (facts 5.2)


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Settings of one service's pool.

    Raises:
        ValueError: when a value is out of range.
    """

    service: str
    size: InstanceSize = field(default_factory=InstanceSize)
    scaling: AutoScalingConfiguration = field(default_factory=AutoScalingConfiguration)
    health_check: HealthCheck = field(default_factory=HealthCheck)
    port: int = DEFAULT_PORT  # port in the service's configuration; a process listens on a port of its own
    # ASSUMPTION: a request that finds no slot is rejected at once. Whether it waits shortly before is not known (facts
    # 19.4): users see 429 while instances start (R#224), and the one public load test has single answers of up to 16 s.
    # The latency of 429 answers during a burst on one instance would settle it.
    overflow: Overflow = field(default_factory=Overflow)
    # ASSUMPTION: App Runner's balancing is unknown (facts 3.1); least outstanding fits "concurrency-aware in effect".
    balancing: str = "least-outstanding"
    # Developer Guide: 120 s in total, including reading the request and writing the response (facts 3.2).
    request_timeout_s: float = 120.0
    # ASSUMPTION: drain and stop times are undocumented (R#96). Draining: as long as a request may last; stop: Fargate's
    # 30 s (facts 18).
    drain_timeout_s: float = 120.0
    stop_grace_s: float = 30.0
    # ASSUMPTION: when App Runner throttles an active instance without requests is unknown. The billing minimum is one
    # minute, so there is no reason to take the CPU away sooner. Settled by timing background work between requests.
    idle_after_s: float = 60.0
    # Maximum time until an instance listens and is healthy; 1 minute before December 2023 (facts 2.3).
    startup_allowance_s: float = STARTUP_ALLOWANCE_S
    # an instance that crashes within this time after it became healthy counts as failed to start
    steady_s: float = STEADY_S
    startup_probe_s: float | None = None  # interval between the probes of a starting instance; None: the actuator's
    # ASSUMPTION: from healthy to routed, for an instance that the scaler adds, is unknown (facts 19.4; deployments take
    # 65 to 71 s). Settled by a log of serving instances after a load step.
    route_after_s: float = 0.0
    # Instances that the platform can provide at once, draining ones included; None: unlimited.
    # ASSUMPTION: App Runner is bounded by the account's vCPU quota of Fargate (facts 4.1, 14); its behaviour at the
    # quota is unknown. An instance that cannot be provided starts when another has ended; an account at its quota
    # settles it.
    capacity: int | None = None
    lifetime: Distribution | None = None  # of instances from ready until they are replaced; None: unlimited
    # Instances that are ready when the run begins.
    initial_size: int = 1
    # The Application Load Balancer in front of the service; None: App Runner's own. It replaces the settings of
    # overflow, balancing, time limit, draining and health check (`behind`).
    load_balancer: ApplicationLoadBalancer | None = None

    def __post_init__(self) -> None:
        positives = ("request_timeout_s", "startup_allowance_s")
        for name in (*positives, "drain_timeout_s", "stop_grace_s", "idle_after_s", "route_after_s"):
            value = getattr(self, name)
            positive = name in positives
            if value < 0 or (positive and value == 0):
                least = "more than" if positive else "at least"
                msg = f"{name.removesuffix('_s')} = {value:g} s, must be {least} 0 s"
                raise ValueError(msg)
        if self.startup_probe_s is not None and self.startup_probe_s < 0:
            msg = f"startup_probe = {self.startup_probe_s:g} s, must be at least 0 s"
            raise ValueError(msg)
        if self.balancing not in BALANCERS:
            msg = f"balancing = {self.balancing!r}, must be {one_of(self.balancing, BALANCERS)}"
            raise ValueError(msg)
        if self.capacity is not None and self.capacity < max(self.initial_size, self.scaling.min_size):
            begins = max(self.initial_size, self.scaling.min_size)
            msg = f"capacity = {self.capacity}, must be at least {begins}, the initial instances"
            raise ValueError(msg)
        if not 0 <= self.initial_size <= self.scaling.max_size:
            msg = f"initial_size = {self.initial_size}, must be 0 to max_size = {self.scaling.max_size}"
            raise ValueError(msg)

    def behind(self, load_balancer: ApplicationLoadBalancer) -> PoolSettings:
        """Return the settings of the same service behind an Application Load Balancer."""
        return dataclasses.replace(
            self,
            load_balancer=load_balancer,
            health_check=load_balancer.health_check,
            overflow=Overflow(),  # without a registered target a request fails at once
            request_timeout_s=load_balancer.idle_timeout_s,
            drain_timeout_s=load_balancer.deregistration_delay_s,
            startup_allowance_s=load_balancer.startup_allowance_s,
        )
