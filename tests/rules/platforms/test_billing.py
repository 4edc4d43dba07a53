"""Bills of other platforms, computed by hand, and of App Runner, computed by its pricing rules."""

from __future__ import annotations

import dataclasses
import re

import pytest

from simulator.model.sizes import InstanceSize
from simulator.rules.platforms.billing import (
    Consumption,
    FreeTier,
    LoadBalancer,
    Metering,
    Node,
    PriceList,
    consumed_bill,
    month_bill,
    nodes_of,
)
from simulator.rules.platforms.cloud_run import BY_INSTANCE
from simulator.rules.platforms.presets import PLATFORMS, platform_named
from simulator.rules.policies.registry import POLICIES
from simulator.rules.pricing import InstanceUsage, bill, metered
from simulator.rules.region_prices import rates_of

SIZE = InstanceSize(1024, 2048)


def consumption(*usages: InstanceUsage, requests: int = 0, run_s: float = 3600.0) -> Consumption:
    return Consumption(usages, SIZE, 10, requests, run_s)


def usage(provisioned_s: float, *activations: tuple[float, float]) -> InstanceUsage:
    return InstanceUsage(provisioned_s, activations, SIZE)


def test_app_runners_bill_is_that_of_its_pricing_rules() -> None:
    used = usage(3600, (0, 1200), (1800, 1830))
    found = consumed_bill(consumption(used, requests=10**6), platform_named("app-runner").prices)
    assert found.usd == pytest.approx(bill(metered([used]), rates_of("us-east-1")).usd)


def test_fargate_charges_the_whole_lifetime_of_a_task_and_at_least_a_minute() -> None:
    hour = consumed_bill(consumption(usage(3600)), platform_named("ecs-express").prices)
    # An hour of the task, of its address, and of the load balancer with two addresses.
    assert hour.usd == pytest.approx(0.04048 + 2 * 0.004445 + 0.0225 + 3 * 0.005)
    short = consumed_bill(consumption(usage(10), run_s=0), platform_named("ecs-express").prices)
    assert short.usd == pytest.approx((0.04048 + 2 * 0.004445 + 0.005) / 60)


@pytest.mark.case("L35")
def test_an_idle_month_of_ecs_express_is_that_of_the_facts() -> None:
    """Facts, ECS Express 6: Fargate 36.04 + balancer 16.43 + its three addresses 10.95 + the task's 3.65 = 67.07."""
    prices = platform_named("ecs-express").prices
    prices = dataclasses.replace(prices, balancer=prices.balancer._replace(addresses=3))
    month = month_bill(consumption(usage(3600)), prices)
    assert month.usd == pytest.approx(67.07, abs=0.005)
    lines = {line.item: line.usd for line in month.lines}
    assert lines["public IPv4 of the balancer"] == pytest.approx(10.95)
    assert lines["public IPv4 of instances"] == pytest.approx(3.65)


@pytest.mark.case("L35")
def test_capacity_units_are_the_larger_of_connections_and_bytes() -> None:
    # 50 requests/s for an hour: 2 capacity units by connections (one request each), 1.8 GB by bytes (10 kB each).
    balancer = LoadBalancer(0.008, requests_per_connection=1, request_kb=10)
    assert balancer.lcu_hours(50 * 3600) == pytest.approx(2.0)
    assert balancer._replace(requests_per_connection=100).lcu_hours(50 * 3600) == pytest.approx(1.8)


@pytest.mark.case("L31")
@pytest.mark.parametrize("name", ["lambda", "cloud-run", "container-apps"])
def test_requests_that_the_platform_rejected_are_not_billed(name: str) -> None:
    used = consumption(requests=3_000_000)
    rejecting = used._replace(rejected=1_000_000)
    fee = platform_named(name).prices.million_requests
    assert consumed_bill(used, platform_named(name).prices).usd == pytest.approx(3 * fee)
    assert consumed_bill(rejecting, platform_named(name).prices).usd == pytest.approx(2 * fee)


@pytest.mark.case("L32")
def test_cloud_run_charges_idle_instances_within_its_minimum_at_the_idle_rate() -> None:
    # Two instances for 1,000 s, one of them busy for 400 s. The minimum is one, so its idle 600 s are charged; the
    # other instance is idle beyond the minimum and costs nothing.
    used = consumption(usage(1000, (0, 400)), usage(1000))._replace(min_size=1, run_s=1000)
    found = consumed_bill(used, platform_named("cloud-run").prices)
    busy = 400 * (0.000024 + 2 * 0.0000025)
    assert found.usd == pytest.approx(busy + 600 * 3 * 0.0000025)
    assert consumed_bill(used._replace(min_size=0), platform_named("cloud-run").prices).usd == (pytest.approx(busy))


@pytest.mark.case("L32")
def test_cloud_run_by_instance_charges_the_whole_lifetime_and_no_request() -> None:
    used = consumption(usage(1000, (0, 1)), requests=10**6)
    assert consumed_bill(used, BY_INSTANCE).usd == pytest.approx(1000 * (0.000018 + 2 * 0.000002))


@pytest.mark.case("L33")
def test_container_apps_charges_replicas_at_the_minimum_less_while_they_idle() -> None:
    # One replica for 1,000 s, busy for 100 s, and a second one from 200 to 500 s, during which neither has the idle
    # rate.
    used = consumption(usage(1000, (0, 100)), InstanceUsage(300, (), SIZE, launched_s=200))
    found = consumed_bill(used._replace(min_size=1), platform_named("container-apps").prices)
    idle_s = 100 + 500
    assert found.usd == pytest.approx((1300 - idle_s) * 0.000024 + idle_s * 0.000003 + 1300 * 2 * 0.000003)
    assert consumed_bill(used, platform_named("container-apps").prices).usd == pytest.approx(1300 * 0.00003)


@pytest.mark.case("L34")
def test_the_free_tier_covers_a_small_service_and_has_its_own_lines() -> None:
    # One request of 100 ms per minute: 43,800 requests and 8,760 GB-s per month, within Lambda's 1 million and 400,000.
    used = consumption(usage(60, (0, 0.1)), requests=1, run_s=60)
    month = month_bill(used, platform_named("lambda").prices)
    assert month.usd == pytest.approx(43_800 * (0.2 * 0.0000166667 + 0.2e-6), rel=1e-6)
    assert month.free_usd == pytest.approx(month.usd)
    assert [line.item for line in month.free] == ["free memory", "free requests"]
    # A hundred times as many: 4.38 million requests, 876,000 GB-s.
    month = month_bill(used._replace(usages=[usage(60, (0, 10))], requests=100), platform_named("lambda").prices)
    assert month.free_usd == pytest.approx(400_000 * 0.0000166667 + 0.20, rel=1e-6)


@pytest.mark.case("L10")
@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize("run_s", [12.0, 600.0])
def test_a_month_does_not_depend_on_how_long_a_steady_run_is(name: str, run_s: float) -> None:
    prices, size = platform_named(name).prices, platform_named(name).sizes.nearest(SIZE, 200).size
    found, hour = (
        month_bill(
            consumption(usage(length_s, (0, length_s)), requests=round(length_s * 5), run_s=length_s)._replace(
                size=size
            ),
            prices,
        )
        for length_s in (run_s, 3600.0)
    )
    assert found.usd == pytest.approx(hour.usd)


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_price_has_a_date_and_a_source_that_can_be_read(name: str) -> None:
    prices = platform_named(name).prices
    assert re.fullmatch(r"20\d\d-\d\d(-\d\d)?", prices.as_of)
    assert re.search(r"\.(com|io|sh)", prices.source)
    assert "knowledge" not in prices.source


def test_lambda_charges_requests_and_gigabyte_seconds() -> None:
    # AWS's example: 3 million requests of a second at 512 MB are 1,500,000 GB-s; here each uses 2 GB for a second.
    activations = tuple((float(second), second + 1.0) for second in range(0, 2000, 2))
    found = consumed_bill(consumption(usage(9999, *activations), requests=1000), platform_named("lambda").prices)
    assert found.usd == pytest.approx(1000 * 2 * 0.0000166667 + 1000 * 0.20 / 1e6, rel=1e-6)


def test_cloud_run_rounds_every_metered_period_up_to_100_ms() -> None:
    prices = platform_named("cloud-run").prices
    found = consumed_bill(consumption(usage(900, (0, 0.05), (10, 10.3))), prices)
    assert found.usd == pytest.approx(0.4 * (0.000024 + 2 * 0.0000025))


def test_nodes_cost_the_same_whatever_runs_on_them() -> None:
    prices = platform_named("knative").prices
    assert nodes_of(prices, SIZE, 10) == 5  # two instances of 1 vCPU on a machine of two
    assert consumed_bill(consumption(), prices).usd == pytest.approx(5 * 0.0816)
    assert consumed_bill(consumption(), dataclasses.replace(prices, nodes=3)).usd == pytest.approx(3 * 0.0816)


def test_a_size_with_its_own_price_costs_it_while_an_instance_runs() -> None:
    """Two of ten machines of Fly run for an hour: performance-1x with 4 GB is 45.01 a month of 30 days on its page."""
    prices = platform_named("fly").prices
    used = consumption(usage(3600), usage(3600))._replace(size=InstanceSize(1024, 4096), max_size=10)
    found = {line.item: line.usd for line in consumed_bill(used, prices).lines}
    assert found["performance-1x"] + found["additional memory"] == pytest.approx(2 * 45.01 / 720, rel=1e-3)
    assert found["stopped instances"] == pytest.approx(8 * 0.15 / 720)


def test_a_dyno_costs_its_month_in_a_month() -> None:
    used = consumption(usage(600), run_s=600)._replace(size=InstanceSize(2048, 2560), max_size=1)
    assert month_bill(used, platform_named("heroku").prices).usd == pytest.approx(250)


def test_a_size_without_a_price_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"size = 1 vCPU / 2 GB, must be one with a price"):
        consumed_bill(consumption(usage(60)), platform_named("heroku").prices)


def test_an_instance_that_fits_on_no_node_is_rejected() -> None:
    small = PriceList(Metering.NODES, "here", "today", "test", node=Node("tiny", 0.5, 1, 0.01))
    with pytest.raises(ValueError, match="large enough"):
        nodes_of(small, SIZE, 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vcpu_hour": -1}, "vcpu_hour = -1"),
        ({"free": FreeTier(gb_s=-1)}, r"free\.gb_s = -1"),
        ({"balancer": LoadBalancer(request_kb=-1)}, r"balancer\.request_kb = -1"),
        ({"balancer": LoadBalancer(requests_per_connection=0)}, "requests_per_connection = 0, must be above 0"),
        ({"step_s": 0}, "step_s = 0"),
        ({"nodes": 0}, "nodes = 0"),
        ({"metering": Metering.NODES}, "node = none"),
    ],
)
def test_an_invalid_price_list_is_rejected(changes: dict[str, object], said: str) -> None:
    good = PriceList(Metering.BUSY, "here", "today", "test")
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(good, **changes)  # type: ignore[arg-type]


def test_an_unknown_platform_is_rejected_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"must be one of app-runner, ecs-express"):
        platform_named("beanstalk")


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_preset_is_valid_by_itself(name: str) -> None:
    preset = PLATFORMS[name]
    kind = POLICIES[preset.policy]
    assert preset.prices.source
    assert preset.prices.as_of
    assert preset.min_size > 0 or kind.scales_to_zero
    kind.parameters(**preset.parameters)
