"""The destinations that instances of a service may reach: the egress plans of its VPC connector's subnets."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.rules.network.egress_plan import EgressPlan


@dataclass(frozen=True, slots=True)
class EgressRules:
    """Egress plans, one per subnet; at least one. Instances are spread over the plans by their numbers."""

    plans: tuple[EgressPlan, ...]

    def place(self, number: int) -> int:
        """Return the index of the subnet of an instance.

        ASSUMPTION: App Runner spreads instances evenly over the connector's subnets. Settled by the network interfaces
        that it creates on AWS.
        """
        return (number - 1) % len(self.plans)
