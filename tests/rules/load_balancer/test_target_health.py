from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.load_balancer.target_health import TargetHealth


def group(healthy: list[bool], minimum_healthy: int = 1) -> TargetHealth:
    health = TargetHealth(minimum_healthy)
    for number, is_healthy in enumerate(healthy, 1):
        health.register(number)
        health.change(number, healthy=is_healthy)
    return health


@pytest.mark.parametrize(
    ("healthy", "minimum_healthy", "routed"),
    [
        ([True, True], 1, [1, 2]),
        ([True, False], 1, [1]),
        ([False, False], 1, [1, 2]),
        ([True, False, False], 2, [1, 2, 3]),
        ([True, True, False], 2, [1, 2]),
        ([True], 2, [1]),
        ([False], 1, [1]),
        ([], 1, []),
    ],
)
def test_healthy_targets_get_requests_and_all_if_too_few_are_healthy(
    healthy: list[bool], minimum_healthy: int, routed: list[int]
) -> None:
    assert group(healthy, minimum_healthy).routed == routed


def test_the_last_healthy_target_that_leaves_opens_the_group() -> None:
    health = group([True, False])
    opens = [health.fails_open]
    health.deregister(1)
    opens.append(health.fails_open)
    assert health.routed == [2]
    health.change(2, healthy=True)
    opens.append(health.fails_open)
    assert opens == [False, True, False]


STEPS = st.lists(st.tuples(st.sampled_from(["register", "deregister", "pass", "fail"]), st.integers(1, 5)), max_size=40)


@given(steps=STEPS, minimum_healthy=st.integers(1, 4))
def test_a_request_has_a_target_whenever_one_is_registered(steps: list[tuple[str, int]], minimum_healthy: int) -> None:
    health, registered, failed = TargetHealth(minimum_healthy), set[int](), set[int]()
    for step, number in steps:
        if step == "register":
            health.register(number)
            registered.add(number)
            failed.discard(number)
        elif step == "deregister":
            health.deregister(number)
            registered.discard(number)
        else:
            health.change(number, healthy=step == "pass")
            (failed.discard if step == "pass" else failed.add)(number)
        healthy = registered - failed
        expected = healthy if len(healthy) >= minimum_healthy else registered
        assert set(health.routed) == expected
        assert bool(health.routed) == bool(registered)
