from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.health import HealthCheck
from simulator.rules.health import RESTART_DELAY_S_MAX, STEADY_S, CrashLoop, Health, Streak, restart_delay_s


def after(probes: str, healthy: int, unhealthy: int, start: Health = Health.UNKNOWN) -> Health:
    """Return the health after probes, written as `+` and `-`."""
    streak = Streak(HealthCheck(healthy_threshold=healthy, unhealthy_threshold=unhealthy), start)
    for probe in probes:
        streak.probed(passed=probe == "+")
    return streak.health


@pytest.mark.parametrize(
    ("probes", "health"),
    [
        ("", Health.UNKNOWN),
        ("++", Health.UNKNOWN),
        ("+++", Health.HEALTHY),
        ("++-++", Health.UNKNOWN),
        ("++-+++", Health.HEALTHY),
        ("--", Health.UNHEALTHY),
        ("-+-", Health.UNKNOWN),
    ],
)
def test_only_consecutive_probes_count(probes: str, health: Health) -> None:
    assert after(probes, healthy=3, unhealthy=2) is health


def test_a_healthy_instance_stays_so_until_the_threshold_of_failures() -> None:
    assert after("----", 1, 5, Health.HEALTHY) is Health.HEALTHY
    assert after("-----", 1, 5, Health.HEALTHY) is Health.UNHEALTHY


@given(st.text("+-", max_size=60), st.integers(1, 20), st.integers(1, 20))
def test_the_last_sufficient_streak_of_equal_probes_decides(probes: str, healthy: int, unhealthy: int) -> None:
    expected = max(
        (probes.rfind("+" * healthy) + healthy if "+" * healthy in probes else -1, Health.HEALTHY),
        (probes.rfind("-" * unhealthy) + unhealthy if "-" * unhealthy in probes else -1, Health.UNHEALTHY),
        (0, Health.UNKNOWN),
        key=lambda pair: pair[0],
    )
    assert after(probes, healthy, unhealthy) is expected[1]


def test_the_first_crash_is_replaced_at_once_and_later_ones_after_growing_delays() -> None:
    assert [restart_delay_s(crashes) for crashes in range(9)] == [0, 0, 1, 2, 4, 8, 16, 32, 60]


@given(st.integers(0, 10**9))
def test_no_restart_waits_longer_than_the_bound(crashes: int) -> None:
    assert 0 <= restart_delay_s(crashes) <= RESTART_DELAY_S_MAX


NEVER = float("inf")


def test_an_instance_that_crashes_soon_after_it_was_healthy_is_in_a_crash_loop() -> None:
    loop = CrashLoop()
    delays = []
    for start_s in range(0, 50, 10):
        loop.became_healthy(start_s)
        assert loop.delay_s == 0, "no restart waits while one is healthy"
        loop.crashed(start_s + STEADY_S - 1, start_s)
        delays.append(loop.delay_s)
    assert delays == [0, 1, 2, 4, 8]


def test_an_instance_that_stays_healthy_ends_the_crash_loop() -> None:
    loop = CrashLoop()
    for _ in range(5):
        loop.crashed(0, NEVER)
    assert loop.delay_s == 8
    loop.became_healthy(5)
    loop.crashed(5 + STEADY_S, NEVER)  # this is another instance; the one that became healthy at 5 s remains
    assert (loop.crashes, loop.delay_s) == (1, 0)
    loop.crashed(100, NEVER)
    assert loop.delay_s == 1
    loop.crashed(200, 150)
    assert (loop.crashes, loop.delay_s) == (0, 0)
