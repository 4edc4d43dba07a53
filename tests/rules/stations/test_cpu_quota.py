"""The CPU quota of an instance, compared with published arithmetic and with an exact simulation."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.stations.cpu_quota import CpuQuota, QuotaStation
from simulator.rules.stations.cpu_use import ALL_SHARED, CpuOrder, CpuUse
from simulator.rules.stations.discipline import Station

QUOTA = CpuQuota(0.1, 2)
TICK = Fraction(1, 2000)  # seconds; all times of the random inputs are multiples of it


def end_of(station: Station[Any]) -> float:
    """Run until the next request has used its CPU time; return when."""
    at_s = station.next_s()
    assert at_s is not None
    assert station.computed(at_s)
    return at_s


@pytest.mark.parametrize(
    ("vcpu", "cpu_s", "end_s"),
    [
        (0.5, 0.143, 0.243),  # facts validation-2 V10: 50 ms in each of two periods, 43 ms in the third
        (0.25, 0.005, 0.005),  # a short request is not slowed
        (0.25, 0.025, 0.025),
        (0.25, 0.026, 0.101),
        (1, 0.35, 0.35),
        (2, 0.35, 0.35),
    ],
)
def test_a_request_alone_stops_when_the_quota_of_a_period_is_used_up(vcpu: float, cpu_s: float, end_s: float) -> None:
    station: Station[str] = QuotaStation(vcpu, None, QUOTA, 0.0)
    station.arrive("a", cpu_s, 0.0)
    assert end_of(station) == pytest.approx(end_s)
    assert station.used_s(end_s) == pytest.approx(cpu_s)
    assert station.throttled_s(end_s) == pytest.approx(end_s - cpu_s)
    assert station.throttled_s(end_s + 1.0) == pytest.approx(end_s - cpu_s)  # without requests nothing is stopped


def test_two_requests_on_two_cores_use_the_quota_of_one_vcpu_in_half_a_period() -> None:
    station: Station[str] = QuotaStation(1, None, QUOTA, 0.0)
    station.arrive("a", 0.06, 0.0)
    station.arrive("b", 0.06, 0.0)
    assert end_of(station) == pytest.approx(0.11)  # 50 ms each until 0.05, and 10 ms each from 0.1 on
    one_core: Station[str] = QuotaStation(1, None, CpuQuota(0.1, 1), 0.0)
    one_core.arrive("a", 0.06, 0.0)
    one_core.arrive("b", 0.06, 0.0)
    assert end_of(one_core) == pytest.approx(0.12)  # they share the core, and its quota lasts for the whole period


@pytest.mark.parametrize(
    ("cores", "requests", "end_s"),
    [
        (2, 1, 0.02),  # the other thread of the core is idle
        (2, 2, 0.04),  # each at half of its speed alone
        (4, 2, 0.02),  # the scheduler gives each a core of its own
        (4, 3, 0.03),  # one core alone, one shared: together twice the speed of one
        (4, 4, 0.04),
        (3, 3, 0.03),  # one core alone, one shared
    ],
)
def test_the_two_threads_of_a_core_slow_each_other(cores: int, requests: int, end_s: float) -> None:
    station: Station[int] = QuotaStation(4, None, CpuQuota(1.0, cores, shared_core_speed=0.5), 0.0)
    for number in range(requests):
        station.arrive(number, 0.02, 0.0)
    assert end_of(station) == pytest.approx(end_s)
    assert station.used_s(end_s) == pytest.approx(requests * end_s), "CPU time, not work"


def test_unused_quota_does_not_carry_over_to_the_next_period() -> None:
    station: Station[str] = QuotaStation(0.5, None, QUOTA, 10.0)
    station.arrive("a", 0.06, 10.55)
    assert end_of(station) == pytest.approx(10.61)  # the period from 10.5 on has 50 ms left, used up at its end
    station.arrive("b", 0.05, 20.08)
    assert end_of(station) == pytest.approx(20.13)


def test_periods_begin_with_the_instance() -> None:
    station: Station[str] = QuotaStation(0.5, None, QUOTA, 0.04)
    station.arrive("a", 0.06, 0.04)
    assert end_of(station) == pytest.approx(0.15)


def by_events(vcpu: float, quota: CpuQuota, arrivals: list[tuple[int, int]], use: CpuUse = ALL_SHARED) -> list[float]:
    """Return when each (arrival, CPU time), in ticks, has its CPU time. Computed from event to event with exact
    fractions.

    Events are arrivals, ends, the end of a period, and the end of its quota.
    """
    period = Fraction(quota.period_s).limit_denominator(10**6)
    full = Fraction(vcpu) * period
    waiting = sorted((tick * TICK, cpu * TICK, number) for number, (tick, cpu) in enumerate(arrivals))
    left: dict[int, Fraction] = {}
    ends = [math.nan] * len(arrivals)
    now, budget, period_ends = Fraction(0), full, period
    while waiting or left:
        while waiting and waiting[0][0] <= now:
            _, cpu, number = waiting.pop(0)
            left[number] = cpu
        computing = list(left)  # in order of arrival
        if use.order is CpuOrder.FIRST_COME:
            computing = computing[: use.parallelism or quota.cores]
        used_per_s = min(len(computing), quota.cores, use.parallelism or quota.cores)
        pairs = max(0, used_per_s - math.ceil(quota.cores / 2))
        work_per_s = used_per_s - 2 * pairs * (1 - Fraction(quota.shared_core_speed).limit_denominator(100))
        steps = [period_ends - now, *([waiting[0][0] - now] if waiting else [])]
        rate = Fraction(0)
        if left and budget:
            others = len(computing) - 1
            law = 1 + Fraction(str(use.contention)) * others + Fraction(str(use.coherency)) * len(computing) * others
            rate = work_per_s / len(computing) / law
            steps += [budget / used_per_s, min(left[number] for number in computing) / rate]
        step = min(steps)
        now += step
        if rate:
            budget -= step * used_per_s
        for number in computing:
            left[number] -= step * rate
            if not left[number]:
                del left[number]
                ends[number] = float(now)
        if now == period_ends:
            budget, period_ends = full, period_ends + period
    return ends


@given(
    vcpu=st.sampled_from([0.25, 0.5, 1.0, 2.0]),
    cores=st.integers(1, 4),
    speed=st.sampled_from([1.0, 0.65]),
    use=st.builds(
        CpuUse,
        order=st.sampled_from(CpuOrder),
        parallelism=st.sampled_from([None, None, 1, 2, 3]),
        contention=st.sampled_from([0.0, 0.1]),
        coherency=st.sampled_from([0.0, 0.02]),
    ),
    arrivals=st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 400)), min_size=1, max_size=8),
)
def test_ends_agree_with_an_exact_simulation_from_event_to_event(
    vcpu: float, cores: int, speed: float, use: CpuUse, arrivals: list[tuple[int, int]]
) -> None:
    quota = CpuQuota(0.1, cores, speed)
    arrivals.sort()
    station: Station[int] = QuotaStation(vcpu, None, quota, 0.0, use)
    ends = [math.nan] * len(arrivals)

    def run_until(limit_s: float) -> None:
        while (at_s := station.next_s()) is not None and at_s <= limit_s:
            for number in station.computed(at_s):
                ends[number] = at_s

    for number, (tick, cpu) in enumerate(arrivals):
        run_until(tick * float(TICK))
        station.arrive(number, cpu * float(TICK), tick * float(TICK))
    run_until(math.inf)
    assert ends == pytest.approx(by_events(vcpu, quota, arrivals, use), abs=1e-6)
    total_s = sum(cpu for _, cpu in arrivals) * float(TICK)
    used_s = station.used_s(1e4)
    slowest = (1 + use.contention * 7 + use.coherency * 56) / speed
    assert used_s == pytest.approx(total_s) if slowest == 1 else total_s <= used_s + 1e-9 <= total_s * slowest + 2e-9


def test_workers_wait_as_in_a_station_that_shares_continuously() -> None:
    station: Station[str] = QuotaStation(1, 1, QUOTA, 0.0)
    station.arrive("a", 0.02, 0.0)
    station.arrive("b", 0.02, 0.0)
    assert end_of(station) == pytest.approx(0.02)
    station.leave(0.03)
    assert end_of(station) == pytest.approx(0.05)
