"""The settings of an Application Load Balancer and of its target group, as an ECS service uses them.

Sources: Elastic Load Balancing user guide, edit-target-group-attributes, target-group-health-checks and
load-balancer-troubleshooting (read); facts, ECS Express 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from simulator.model.health import TargetHealthCheck

SLOW_START_S_MIN: Final = 30.0
SLOW_START_S_MAX: Final = 900.0


class RoutingAlgorithm(StrEnum):
    """How a request is assigned to a target."""

    ROUND_ROBIN = "round-robin"
    LEAST_OUTSTANDING = "least-outstanding"


class LoadBalancerRange(NamedTuple):
    """The least and the greatest value of a setting."""

    least: float
    greatest: float


RANGES: Final = {
    "idle_timeout_s": LoadBalancerRange(1, 4000),
    "deregistration_delay_s": LoadBalancerRange(0, 3600),
    "minimum_healthy": LoadBalancerRange(1, 1000),
    "grace_period_s": LoadBalancerRange(0, 2_147_483_647),
}


@dataclass(frozen=True, slots=True)
class ApplicationLoadBalancer:
    """The settings; times are in seconds.

    The load balancer has no limit of requests per target, and no queue: excess requests wait inside the target.

    `slow_start_s`: time during which the share of a new target increases linearly; 0: none. `idle_timeout_s`: a
    request ends after this time without a byte in either direction. `deregistration_delay_s`: requests in progress on
    a target that is removed may continue for this time. `minimum_healthy`: with fewer healthy targets, all registered
    targets receive requests. `grace_period_s`: ECS ignores failed health checks of a task for this time after its
    start.

    Raises:
        ValueError: if a value is out of range, or slow start is combined with another algorithm than round robin.
    """

    algorithm: RoutingAlgorithm = RoutingAlgorithm.ROUND_ROBIN
    slow_start_s: float = 0.0
    idle_timeout_s: float = 60.0
    deregistration_delay_s: float = 300.0
    minimum_healthy: int = 1
    grace_period_s: float = 0.0
    health_check: TargetHealthCheck = field(default_factory=TargetHealthCheck)

    def __post_init__(self) -> None:
        for name, (least, greatest) in RANGES.items():
            value = getattr(self, name)
            if not least <= value <= greatest:
                unit = " s" if name.endswith("_s") else ""
                msg = f"{name.removesuffix('_s')} = {value:g}{unit}, must be {least:.0f} to {greatest:.0f}{unit}"
                raise ValueError(msg)
        if self.slow_start_s and not SLOW_START_S_MIN <= self.slow_start_s <= SLOW_START_S_MAX:
            msg = f"slow_start = {self.slow_start_s:g} s, must be 0 or {SLOW_START_S_MIN:g} to {SLOW_START_S_MAX:g} s"
            raise ValueError(msg)
        if self.slow_start_s and self.algorithm is not RoutingAlgorithm.ROUND_ROBIN:
            msg = f"slow_start = {self.slow_start_s:g} s, must be 0 with algorithm {self.algorithm}"
            raise ValueError(msg)

    @property
    def startup_allowance_s(self) -> float:
        """The time within which a task must pass its first health check, or ECS stops it.

        The target group calls a new target unhealthy after the threshold of failed checks; ECS acts on that when the
        grace period is over.
        """
        check = self.health_check
        return max(self.grace_period_s, check.interval_s * check.unhealthy_threshold)

    @property
    def first_check_s(self) -> float:
        """The greatest time from the moment at which a target could pass a check until the check comes.

        A new target needs one successful check, whatever the healthy threshold.
        ASSUMPTION: the checks of a new target begin at a random moment of the interval, so the wait is uniformly
        distributed between 0 and the interval. Time stamps of health checks in a target's access log settle it.
        """
        return self.health_check.interval_s
