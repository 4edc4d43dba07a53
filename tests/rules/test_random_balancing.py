"""Random balancing with given random numbers: the target that each number selects."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.rules.balancing import Target
from simulator.rules.random_balancing import PowerOfTwoChoices, RandomBalancer


def targets(balancer: RandomBalancer, *outstanding: int) -> list[Target]:
    made = []
    for number, count in enumerate(outstanding):
        target = Target(number)
        target.outstanding = count
        balancer.add(target)
        made.append(target)
    return made


def drawing(*values: float) -> Iterator[float]:
    return iter(values)


def test_a_draw_selects_the_target_at_its_share_of_the_list() -> None:
    draws = drawing(0.0, 0.34, 0.99)
    balancer = RandomBalancer(10, lambda: next(draws))
    targets(balancer, 0, 0, 0)
    assert [target.number for _ in range(3) if (target := balancer.take())] == [0, 1, 2]


def test_a_full_target_is_replaced_by_the_last_of_the_list() -> None:
    draws = drawing(0.0, 0.0)
    balancer = RandomBalancer(1, lambda: next(draws))
    targets(balancer, 0, 0, 0)
    assert [target.number for _ in range(2) if (target := balancer.take())] == [0, 2]


def test_a_discarded_target_is_not_selected() -> None:
    balancer = RandomBalancer(1, lambda: 0.0)
    first, second = targets(balancer, 0, 0)
    balancer.discard(first)
    assert first.balancer is None
    assert balancer.take() is second
    assert balancer.take() is None


def test_of_two_choices_the_one_with_fewer_requests_is_taken_or_the_first_of_equal_ones() -> None:
    draws = drawing(0.0, 0.0, 0.9, 0.0)
    balancer = PowerOfTwoChoices(10, lambda: next(draws))
    first, second, third = targets(balancer, 3, 1, 1)
    assert balancer.take() is second  # the draws select the first and the second
    assert balancer.take() is third  # the draws select the third and the first, which has three
    assert (first.outstanding, second.outstanding, third.outstanding) == (3, 2, 2)


def test_one_target_needs_one_draw() -> None:
    draws = drawing(0.7)
    balancer = PowerOfTwoChoices(10, lambda: next(draws))
    (only,) = targets(balancer, 0)
    assert balancer.take() is only
