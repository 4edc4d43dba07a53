from __future__ import annotations

from simulator.fleet.network.egress_rules import EgressRules
from simulator.rules.network.egress_plan import EgressPlan


def test_instances_are_spread_over_the_subnets() -> None:
    assert [EgressRules((EgressPlan(), EgressPlan())).place(number) for number in (1, 2, 3, 4)] == [0, 1, 0, 1]
    assert EgressRules((EgressPlan(),)).place(7) == 0


async def test_a_change_is_enforced_once_and_only_if_it_is_one() -> None:
    enforced: list[EgressPlan] = []
    rules = EgressRules((EgressPlan(), EgressPlan()))

    class Enforcer:
        async def enforce(self) -> None:
            enforced.extend(rules.plans)

    rules.add_enforcer(Enforcer())
    other = EgressPlan(names={"db.internal": "10.0.9.10"})
    assert not await rules.change((EgressPlan(), EgressPlan()))
    assert await rules.change([EgressPlan(), other])
    assert enforced == [EgressPlan(), other]
    assert rules == EgressRules((EgressPlan(), other)) != EgressRules((EgressPlan(),))
