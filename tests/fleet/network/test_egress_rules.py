from __future__ import annotations

from simulator.fleet.network.egress_rules import EgressRules
from simulator.rules.network.egress_plan import EgressPlan


def test_instances_are_spread_over_the_subnets() -> None:
    assert [EgressRules((EgressPlan(), EgressPlan())).place(number) for number in (1, 2, 3, 4)] == [0, 1, 0, 1]
    assert EgressRules((EgressPlan(),)).place(7) == 0
