from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.rules.balancing import Target
from simulator.rules.load_balancer.settings import ApplicationLoadBalancer, RoutingAlgorithm
from simulator.rules.load_balancer.target_group import UnlimitedLeastOutstanding, UnlimitedRoundRobin, target_group


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def time(self) -> float:
        return self.now_s


def taken(group: UnlimitedRoundRobin | UnlimitedLeastOutstanding, count: int) -> Counter[int]:
    found = Counter[int]()
    for _ in range(count):
        target = group.take()
        assert target is not None
        found[target.number] += 1
    return found


def test_the_algorithm_is_round_robin_by_default() -> None:
    clock = Clock()
    assert isinstance(target_group(ApplicationLoadBalancer(), clock.time), UnlimitedRoundRobin)
    least = ApplicationLoadBalancer(algorithm=RoutingAlgorithm.LEAST_OUTSTANDING)
    assert isinstance(target_group(least, clock.time), UnlimitedLeastOutstanding)


def test_round_robin_gives_each_target_its_turn_whatever_its_load() -> None:
    group = UnlimitedRoundRobin(0.0, Clock().time)
    for number, outstanding in ((1, 0), (2, 5000), (3, 10)):
        target = Target(number)
        target.outstanding = outstanding
        group.add(target)
    assert taken(group, 30) == {1: 10, 2: 10, 3: 10}


def test_without_a_target_nothing_is_taken() -> None:
    assert UnlimitedRoundRobin(30.0, Clock().time).take() is None
    assert UnlimitedLeastOutstanding().take() is None


def test_least_outstanding_has_no_limit_of_requests_per_target() -> None:
    group = UnlimitedLeastOutstanding()
    busy, free = Target(1), Target(2)
    busy.outstanding = 1000
    for target in (busy, free):
        group.add(target)
    assert taken(group, 1000) == {2: 1000}
    assert taken(group, 500) == {1: 250, 2: 250}


def test_max_concurrency_does_not_limit_a_target() -> None:
    for group in (UnlimitedRoundRobin(0.0, Clock().time), UnlimitedLeastOutstanding()):
        group.add(Target(1))
        group.resize(1)
        assert taken(group, 300) == {1: 300}


@given(full=st.integers(1, 5), ages_s=st.lists(st.integers(0, 120), min_size=1, max_size=4), duration_s=st.just(100.0))
@settings(max_examples=50)
def test_a_ramping_target_has_its_linear_share(full: int, ages_s: list[int], duration_s: float) -> None:
    """The counts after many turns against the shares in fractions: s of a full one, s = age / duration."""
    clock = Clock()
    group = UnlimitedRoundRobin(duration_s, clock.time)
    clock.now_s = -1000.0
    for number in range(1, full + 1):
        group.add(Target(number))
        clock.now_s += duration_s  # each has its full share before the next one enters
    for number, age_s in enumerate(sorted(ages_s, reverse=True), full + 1):
        clock.now_s = -float(age_s)
        group.add(Target(number))
    clock.now_s = 0.0
    shares = [Fraction(1)] * full + [min(Fraction(1), Fraction(age, 100)) for age in sorted(ages_s, reverse=True)]
    requests = 4000
    found = taken(group, requests)
    for number, share in enumerate(shares, 1):
        expected = float(share / sum(shares) * requests)
        assert found[number] == pytest.approx(expected, abs=2 + len(shares))


def test_the_share_increases_linearly_over_the_duration() -> None:
    clock = Clock()
    group = UnlimitedRoundRobin(60.0, clock.time)
    old, new = Target(1), Target(2)
    group.add(old)
    group.add(new)
    counts = []
    for _ in range(60):
        counts.append(taken(group, 100)[2])
        clock.now_s += 1
    # The integral of s / (1 + s) over the ramp, s = t / 60: 60 x (1 - ln 2) of 60 x 100 requests.
    assert sum(counts) == pytest.approx(100 * 60 * (1 - 0.693147), abs=60)
    assert counts[0] == 0
    assert taken(group, 100) == {1: 50, 2: 50}


def test_a_first_target_does_not_ramp_up() -> None:
    clock = Clock()
    group = UnlimitedRoundRobin(60.0, clock.time)
    first = Target(1)
    group.add(first)
    assert group.share(first) == 1
    assert taken(group, 5) == {1: 5}


def test_a_target_that_enters_again_ramps_up_again() -> None:
    clock = Clock()
    group = UnlimitedRoundRobin(60.0, clock.time)
    old, other = Target(1), Target(2)
    group.add(old)
    group.add(other)
    clock.now_s = 59.0
    assert group.share(other) == pytest.approx(59 / 60)
    group.discard(other)
    group.add(other)
    assert group.share(other) == 0
    clock.now_s = 200.0
    assert group.share(other) == 1


def test_ramping_targets_that_are_left_alone_get_all_requests() -> None:
    clock = Clock()
    group = UnlimitedRoundRobin(60.0, clock.time)
    old, *ramping = (Target(number) for number in (1, 2, 3))
    for target in (old, *ramping):
        group.add(target)
    assert taken(group, 9) == {1: 9}
    group.discard(old)
    assert taken(group, 10) == {2: 5, 3: 5}
