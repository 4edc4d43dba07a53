"""Bills of other platforms, by hand, and App Runner's by its own rules."""

from __future__ import annotations

import dataclasses

import pytest

from simulator.model.sizes import InstanceSize
from simulator.rules.platforms import PLATFORMS, platform_named
from simulator.rules.platforms.billing import Consumption, Metering, Node, PriceList, consumed_bill, nodes_of
from simulator.rules.policies import POLICIES
from simulator.rules.pricing import Usage, bill, metered
from simulator.rules.region_prices import rates_of

SIZE = InstanceSize(1024, 2048)


def consumption(*usages: Usage, requests: int = 0, run_s: float = 3600.0) -> Consumption:
    return Consumption(usages, SIZE, 10, requests, run_s)


def usage(provisioned_s: float, *spells: tuple[float, float]) -> Usage:
    return Usage(provisioned_s, spells, SIZE)


def test_app_runners_bill_is_the_one_of_its_own_rules() -> None:
    used = usage(3600, (0, 1200), (1800, 1830))
    found = consumed_bill(consumption(used, requests=10**6), platform_named("app-runner").prices)
    assert found.usd == pytest.approx(bill(metered([used]), rates_of("us-east-1")).usd)


def test_fargate_charges_the_whole_life_of_a_task_and_a_minute_at_least() -> None:
    hour = consumed_bill(consumption(usage(3600)), platform_named("ecs-express").prices)
    assert hour.usd == pytest.approx(0.04048 + 2 * 0.004445 + 0.0225)
    short = consumed_bill(consumption(usage(10), run_s=0), platform_named("ecs-express").prices)
    assert short.usd == pytest.approx((0.04048 + 2 * 0.004445) / 60)


def test_lambda_charges_requests_and_gigabyte_seconds() -> None:
    # AWS's own example of a page: 3 million requests of a second at 512 MB are 1,500,000 GB-s; here 2 GB a second each.
    spells = tuple((float(second), second + 1.0) for second in range(0, 2000, 2))
    found = consumed_bill(consumption(usage(9999, *spells), requests=1000), platform_named("lambda").prices)
    assert found.usd == pytest.approx(1000 * 2 * 0.0000166667 + 1000 * 0.20 / 1e6, rel=1e-6)


def test_cloud_run_rounds_every_stretch_up_to_100_ms() -> None:
    prices = platform_named("cloud-run").prices
    found = consumed_bill(consumption(usage(900, (0, 0.05), (10, 10.3))), prices)
    assert found.usd == pytest.approx(0.4 * (0.000024 + 2 * 0.0000025))


def test_nodes_cost_the_same_whatever_runs_on_them() -> None:
    prices = platform_named("knative").prices
    assert nodes_of(prices, SIZE, 10) == 5  # two instances of 1 vCPU on a machine of two
    assert consumed_bill(consumption(), prices).usd == pytest.approx(5 * 0.0816)
    assert consumed_bill(consumption(), dataclasses.replace(prices, nodes=3)).usd == pytest.approx(3 * 0.0816)


def test_an_instance_that_fits_on_no_node_is_refused() -> None:
    small = PriceList(Metering.NODES, "here", "today", "test", node=Node("tiny", 0.5, 1, 0.01))
    with pytest.raises(ValueError, match="large enough"):
        nodes_of(small, SIZE, 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vcpu_hour": -1}, "vcpu_hour = -1"),
        ({"step_s": 0}, "step_s = 0"),
        ({"nodes": 0}, "nodes = 0"),
        ({"metering": Metering.NODES}, "node = none"),
    ],
)
def test_a_price_list_checks_itself(changes: dict[str, object], said: str) -> None:
    good = PriceList(Metering.BUSY, "here", "today", "test")
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(good, **changes)  # type: ignore[arg-type]


def test_an_unknown_platform_is_told_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"must be one of app-runner, ecs-express"):
        platform_named("heroku")


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_preset_stands_on_its_own_feet(name: str) -> None:
    preset = PLATFORMS[name]
    kind = POLICIES[preset.policy]
    assert preset.prices.source
    assert preset.prices.as_of
    assert preset.min_size > 0 or kind.scales_to_zero
    kind.parameters(**preset.parameters)
