"""What instances of a service may reach: the egress plans of its connector's subnets."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.rules.network.egress_plan import EgressPlan


@dataclass(frozen=True, slots=True)
class EgressRules:
    """`plans`: one per subnet; instances are spread over them by their numbers. At least one."""

    plans: tuple[EgressPlan, ...]

    def place(self, number: int) -> int:
        """Return the index of the subnet of an instance.

        ASSUMPTION: App Runner spreads instances evenly over the connector's subnets. The network interfaces that it
        makes on AWS would settle it.
        """
        return (number - 1) % len(self.plans)
