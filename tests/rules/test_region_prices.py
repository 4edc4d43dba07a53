"""Every Region of App Runner has rates: published ones with their source, or estimates by a rule that is
checked here.
"""

from __future__ import annotations

import botocore.session
import pytest

from simulator.rules.pricing import Rates
from simulator.rules.region_prices import REGION_DEFAULT, REGION_PRICES, prices_text, rates_of

READ = {"us-east-1", "us-east-2", "us-west-2", "eu-west-1", "ap-northeast-1"}


@pytest.mark.case("L30")
def test_the_regions_are_those_of_aws() -> None:
    assert set(REGION_PRICES) == set(botocore.session.Session().get_available_regions("apprunner"))


@pytest.mark.case("L30")
def test_rates_that_were_not_read_are_marked_as_estimated() -> None:
    assert {region for region, prices in REGION_PRICES.items() if not prices.is_estimated} == READ
    assert all(prices.as_of and prices.source for prices in REGION_PRICES.values())
    assert "estimated" in str(REGION_PRICES["eu-central-1"])


@pytest.mark.case("L30")
def test_the_rates_of_frankfurt_and_singapore_are_as_computed_by_hand() -> None:
    # 0.064 x 0.04656 / 0.04048 and 0.007 x 0.00511 / 0.004445; Singapore's memory is read.
    assert rates_of("eu-central-1") == Rates(0.00805, 0.07361, 0.00805)
    assert rates_of("ap-southeast-1").provisioned_gb_hour == 0.00885


def test_estimated_rates_are_within_4_percent_of_the_known_ones() -> None:
    first = rates_of(REGION_DEFAULT)
    fargate = {"vcpu": 0.05056 / 0.04048, "gb": 0.00553 / 0.004445}  # Tokyo and Singapore
    tokyo = rates_of("ap-northeast-1")
    assert first.active_vcpu_hour * fargate["vcpu"] == pytest.approx(tokyo.active_vcpu_hour, rel=0.04)
    assert first.active_gb_hour * fargate["gb"] == pytest.approx(tokyo.active_gb_hour, rel=0.04)
    assert first.active_gb_hour * fargate["gb"] == pytest.approx(0.00885, rel=0.04)


def test_an_unknown_region_is_rejected_with_the_nearest_one() -> None:
    with pytest.raises(ValueError, match=r"region = 'eu-central1', must be one of .*did you mean `eu-central-1`"):
        rates_of("eu-central1")


def test_configured_rates_are_not_estimates() -> None:
    text, estimated = prices_text("eu-central-1", None)
    assert estimated
    assert "quotient of Fargate's rates" in text
    assert prices_text("eu-central-1", Rates(0.01, 0.09, 0.01)) == ("as configured", False)
    text, estimated = prices_text("eu-central-1", Rates(0.00805, 0.09, 0.00805))
    assert estimated
    assert "single rates as configured" in text
