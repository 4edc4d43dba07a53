"""The table of balancing algorithms: every name of a scenario selects its algorithm."""

from __future__ import annotations

import pytest

from simulator.rules.balancers import BALANCERS
from simulator.rules.balancing import Balancer, LeastOutstanding, NewestFirst, RoundRobin, Target
from simulator.rules.random_balancing import PowerOfTwoChoices, RandomBalancer

KINDS = {
    "least-outstanding": LeastOutstanding,
    "round-robin": RoundRobin,
    "two-choices": PowerOfTwoChoices,
    "random": RandomBalancer,
    "newest-first": NewestFirst,
}


@pytest.mark.parametrize("name", KINDS)
def test_a_name_selects_its_algorithm_with_the_given_capacity(name: str) -> None:
    balancer = BALANCERS[name](2, lambda: 0.0)
    assert type(balancer) is KINDS[name]
    assert balancer.capacity == 2


def test_every_algorithm_has_a_name() -> None:
    assert BALANCERS.keys() == KINDS.keys()


@pytest.mark.parametrize("name", KINDS)
def test_every_algorithm_fills_all_slots_and_then_none(name: str) -> None:
    balancer: Balancer = BALANCERS[name](2, lambda: 0.5)
    targets = [Target(number) for number in (1, 2)]
    for target in targets:
        balancer.add(target)
    taken = [balancer.take() for _ in range(4)]
    assert sorted(target.number for target in taken if target is not None) == [1, 1, 2, 2]
    assert balancer.take() is None
    balancer.free(targets[1])
    assert balancer.take() is targets[1]
