from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.sizes import InstanceSize
from simulator.rules.pricing import (
    HOURS_PER_MONTH,
    InstanceUsage,
    Metered,
    Rates,
    bill,
    billed_activations_s,
    metered,
    month_of_rounded_days,
    per_month,
)
from simulator.rules.region_prices import rates_of

HOUR_S = 3600.0
MONTH_S = HOURS_PER_MONTH * HOUR_S
ONE = InstanceSize(1024, 2048)
SMALLEST = InstanceSize(256, 512)
LARGEST = InstanceSize(4096, 12288)
US, TOKYO = rates_of("us-east-1"), rates_of("ap-northeast-1")


def usd(*usages: InstanceUsage, rates: Rates = US) -> float:
    return bill(metered(usages), rates).usd


def test_example_1_of_the_pricing_page_two_active_hours_a_day_then_paused() -> None:
    day = usd(InstanceUsage(2 * HOUR_S, [(0, 2 * HOUR_S)], ONE))
    assert day * 30 == pytest.approx(4.68)
    assert month_of_rounded_days(day) == 4.80


def test_example_2_of_the_pricing_page_eight_active_hours_a_day_and_idle_otherwise() -> None:
    day = usd(InstanceUsage(24 * HOUR_S, [(0, 8 * HOUR_S)], ONE))
    assert day * 30 == pytest.approx(25.44)
    assert month_of_rounded_days(day) == 25.50


@pytest.mark.parametrize(
    ("size", "rates", "idle_usd", "active_usd"),
    [
        (ONE, US, 10.22, 56.94),
        (SMALLEST, US, 2.555, 14.235),
        (LARGEST, US, 61.32, 248.20),
        (ONE, TOKYO, 13.14, 72.27),
    ],
)
def test_a_month_of_one_instance_costs_as_computed_by_hand(
    size: InstanceSize, rates: Rates, idle_usd: float, active_usd: float
) -> None:
    assert usd(InstanceUsage(MONTH_S, [], size), rates=rates) == pytest.approx(idle_usd)
    assert usd(InstanceUsage(MONTH_S, [(0, MONTH_S)], size), rates=rates) == pytest.approx(active_usd)


def test_a_short_request_every_hour_costs_a_minute_of_vcpu_each_time() -> None:
    amounts = metered([InstanceUsage(24 * HOUR_S, [(hour * HOUR_S, hour * HOUR_S + 0.2) for hour in range(24)], ONE)])
    assert amounts.vcpu_hours == pytest.approx(0.4)
    assert bill(amounts, US).lines[0].usd == pytest.approx(0.0256)


def test_a_build_is_charged_by_the_minute() -> None:
    assert bill(metered([], build_minutes=15), US).usd == pytest.approx(0.075)


@pytest.mark.parametrize(
    ("activation", "vcpu_s"),
    [((0, 0), 60), ((0, 0.2), 60), ((5, 65), 60), ((0, 60.1), 61), ((10, 100.5), 91), ((0.1, 60.1), 60)],
)
def test_an_activation_is_rounded_up_and_billed_for_at_least_a_minute(
    activation: tuple[float, float], vcpu_s: int
) -> None:
    assert [billed[0] for billed in billed_activations_s([activation])] == [vcpu_s]


def test_an_activation_within_a_paid_minute_continues_it() -> None:
    assert [billed[0] for billed in billed_activations_s([(0, 1), (30, 31)])] == [60]
    assert [billed[0] for billed in billed_activations_s([(0, 1), (59, 80)])] == [80]


def test_an_activation_after_the_paid_minute_begins_another() -> None:
    assert [billed[0] for billed in billed_activations_s([(0, 1), (60, 61)])] == [60, 60]


def test_active_memory_replaces_provisioned_memory() -> None:
    amounts = metered([InstanceUsage(HOUR_S, [(0, HOUR_S / 4)], ONE)])
    assert (amounts.gb_hours_active, amounts.gb_hours_provisioned) == (0.5, 1.5)


def test_memory_is_never_billed_for_longer_than_it_was_provisioned() -> None:
    amounts = metered([InstanceUsage(20.0, [(0, 20)], ONE)])
    assert (amounts.gb_hours_active + amounts.gb_hours_provisioned) * HOUR_S == pytest.approx(40)


def test_a_short_lived_instance_costs_a_whole_minute_of_vcpu() -> None:
    assert metered([InstanceUsage(20.0, [(0, 20)], ONE)]).vcpu_hours * HOUR_S == pytest.approx(60)


def test_deployments_are_charged_per_month_whatever_the_length_of_the_run() -> None:
    month = per_month(Metered(), 60, automatic_deployments=True)
    assert bill(month, US).usd == 1.0


def test_a_month_is_extrapolated_from_the_run() -> None:
    run = metered([InstanceUsage(600, [(0, 600)], ONE)])
    assert bill(per_month(run, 600), US).usd == pytest.approx(56.94)


@pytest.mark.case("L10", "X13e")
@pytest.mark.parametrize("run_s", [1.0, 12.0, 60.0, 600.0])
def test_a_month_of_an_instance_that_is_always_active_does_not_depend_on_the_length_of_the_run(run_s: float) -> None:
    run = metered([InstanceUsage(run_s, [(0, run_s)], ONE)], until_s=run_s)
    assert bill(per_month(run, run_s), US).usd == pytest.approx(56.94)


@pytest.mark.case("L10")
def test_minimums_that_lie_within_the_run_are_in_the_month() -> None:
    # One request of 0.2 s every five minutes: 12 minutes of vCPU per hour, 0.2 x 0.064 x 730, and memory all the time.
    requests = [(300.0 * number, 300.0 * number + 0.2) for number in range(12)]
    run = metered([InstanceUsage(HOUR_S, requests, ONE)], until_s=HOUR_S)
    assert bill(per_month(run, HOUR_S), US).usd == pytest.approx(0.2 * 0.064 * 730 + 10.22)


@pytest.mark.case("L10")
def test_the_part_of_a_minimum_after_the_end_of_the_run_is_not_in_the_month() -> None:
    run = metered([InstanceUsage(2.0, [(58.0, 60.0)], ONE, launched_s=58.0)], until_s=60.0)
    assert run.vcpu_hours * HOUR_S == pytest.approx(2.0)
    assert metered([InstanceUsage(2.0, [(58.0, 60.0)], ONE, launched_s=58.0)]).vcpu_hours * HOUR_S == pytest.approx(
        60.0
    )


def test_a_run_of_length_zero_has_no_bill_of_a_month() -> None:
    with pytest.raises(ValueError, match="run_s = 0, must be positive"):
        per_month(Metered(), 0)


def test_an_unknown_region_is_rejected_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"region = 'moon-1', must be one of us-east-1, .*ap-northeast-1"):
        rates_of("moon-1")


activations = st.lists(st.floats(0.01, 500), max_size=20).map(
    lambda steps: [(sum(steps[:index]), sum(steps[: index + 1])) for index in range(0, len(steps), 2)]
)


@given(activations)
def test_vcpu_is_never_billed_for_less_than_it_was_used(activations: list[tuple[float, float]]) -> None:
    used_s = sum(end_s - begin_s for begin_s, end_s in activations)
    # A millionth of a second per activation is treated as a rounding error of the clock.
    assert sum(vcpu_s for vcpu_s, _ in billed_activations_s(activations)) >= used_s - 1e-4


@given(activations)
def test_joining_never_costs_more_than_charging_every_minimum(activations: list[tuple[float, float]]) -> None:
    apart = sum(billed_activations_s([activation])[0][0] for activation in activations)
    joined = sum(vcpu_s for vcpu_s, _ in billed_activations_s(activations))
    assert joined <= apart
