"""The destinations that instances of a service may reach: the egress plans of its VPC connector's subnets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from simulator.rules.network.egress_plan import EgressPlan


class RuleEnforcer(Protocol):
    """Enforces rules on running instances."""

    async def enforce(self) -> None:
        """Enforce the present plans. Raises OSError or FilterError."""


class EgressRules:
    """Egress plans, one per subnet; at least one. Instances are spread over the plans by their numbers."""

    def __init__(self, plans: Sequence[EgressPlan]) -> None:
        self.plans = tuple(plans)
        self._enforcers: list[RuleEnforcer] = []

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EgressRules) and other.plans == self.plans

    def place(self, number: int) -> int:
        """Return the index of the subnet of an instance.

        ASSUMPTION: App Runner spreads instances evenly over the connector's subnets. Settled by the network interfaces
        that it creates on AWS.
        """
        return (number - 1) % len(self.plans)

    def add_enforcer(self, enforcer: RuleEnforcer) -> None:
        self._enforcers.append(enforcer)

    async def change(self, plans: Sequence[EgressPlan]) -> bool:
        """Replace the plans of the same subnets, also for running instances. Return False if they are the same.

        Connections that are open stay open, as those that EC2 tracks. Raises OSError or FilterError.
        """
        if tuple(plans) == self.plans:
            return False
        assert len(plans) == len(self.plans), "a connector keeps its subnets"
        self.plans = tuple(plans)
        for enforcer in self._enforcers:
            await enforcer.enforce()
        return True
