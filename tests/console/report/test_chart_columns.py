"""The prices with which a service of `simulator serve` is billed."""

from __future__ import annotations

import pytest

from simulator.console.report.chart_columns import prices_of
from simulator.rules.pricing import Rates
from simulator.rules.region_prices import REGION_PRICES


@pytest.mark.parametrize("region", REGION_PRICES)
def test_a_service_costs_what_its_region_charges(region: str) -> None:
    known = REGION_PRICES[region]
    assert prices_of(region, None) == (known.rates, f"{region} (estimated)" if known.is_estimated else region)


def test_a_region_that_app_runner_does_not_have_has_no_bill() -> None:
    assert prices_of("eu-north-1", None) == (None, "not known for eu-north-1")


def test_configured_prices_apply_everywhere() -> None:
    own = Rates(0.01, 0.09, 0.01)
    assert prices_of("eu-central-1", own) == (own, "as configured")
