"""Deployment strategies with stages: new instances start beside the old ones, and the traffic shifts in steps.

Canary, as on ECS with Express Mode (ecs-express 4: UPD, CANARY): the new revision starts in the idle target group, then
a share of the requests goes to it for a bake time, then all of them for a second one; then the old targets are
deregistered and the old tasks stop. Both revisions have the service's full size.

Revision swap, as on Container Apps in single revision mode (facts validation-2 V8: measured): the new revision starts,
and gets all requests when it is ready; then the old one is deactivated.

A service without such a strategy deploys as App Runner does (platform/deployments/blue_green.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.rules.deployments.circuit_breaker import CircuitBreaker
from simulator.rules.deployments.rollback_alarm import RollbackAlarm


class TrafficShift(NamedTuple):
    """A step: `share` of the requests go to the new revision, which must prove itself for `bake_s` seconds."""

    share: float
    bake_s: float


@dataclass(frozen=True, slots=True)
class StagedDeployment:
    """A strategy. Times are in seconds.

    `shifts`: in order; the last has the share 1. `alarm`: rolls the deployment back; None: nothing but a failed start
    and the loss of the new instances does. `breaker`: ends a deployment whose instances do not start.
    `deregistration_s`: the least time from the deregistration of the old instances until they are stopped, although
    they have no requests any more. `has_named_stages`: the event log has ECS's names of the stages.

    Raises:
        ValueError: if a number is out of range.
    """

    shifts: tuple[TrafficShift, ...]
    alarm: RollbackAlarm | None = None
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    deregistration_s: float = 0.0
    has_named_stages: bool = False

    def __post_init__(self) -> None:
        shares = [shift.share for shift in self.shifts]
        if not shares or shares[-1] != 1 or shares != sorted(shares) or shares[0] <= 0:
            msg = f"shares = {shares}, must increase from above 0 to 1"
            raise ValueError(msg)
        for name, value in (
            ("deregistration", self.deregistration_s),
            ("bake", min(shift.bake_s for shift in self.shifts)),
        ):
            if value < 0:
                msg = f"{name} = {value:g} s, must be at least 0 s"
                raise ValueError(msg)


def canary(
    share: float,
    canary_bake_s: float,
    bake_s: float,
    *,
    alarm: RollbackAlarm | None,
    breaker: CircuitBreaker,
    deregistration_s: float,
) -> StagedDeployment:
    """Return the canary strategy of ECS."""
    shifts = (TrafficShift(share, canary_bake_s), TrafficShift(1.0, bake_s))
    return StagedDeployment(shifts, alarm, breaker, deregistration_s, has_named_stages=True)


def revision_swap() -> StagedDeployment:
    """Return the strategy of Container Apps in single revision mode."""
    return StagedDeployment((TrafficShift(1.0, 0.0),))
