"""Whose prices a service of `simulator serve` is billed with."""

from __future__ import annotations

import pytest

from simulator.console.chart_columns import prices_of
from simulator.rules.pricing import REGIONS, Rates


@pytest.mark.parametrize("region", REGIONS)
def test_a_service_costs_what_its_region_charges(region: str) -> None:
    assert prices_of(region, None) == (REGIONS[region], region)


def test_a_region_whose_prices_are_not_known_has_no_bill() -> None:
    assert prices_of("eu-central-1", None) == (None, "not known for eu-central-1")


def test_configured_prices_hold_everywhere() -> None:
    own = Rates(0.01, 0.09, 0.01)
    assert prices_of("eu-central-1", own) == (own, "as configured")
