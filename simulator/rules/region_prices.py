"""App Runner's rates by Region: published ones with date and source, and estimates where none could be read.

The eleven Regions are those of facts 1.1 and of botocore's endpoint data. AWS publishes a price list for each
(https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AWSAppRunner/current/REGION/index.json); `_READ` contains the
ones that could be read.

ASSUMPTION: in the other Regions App Runner is more expensive by the same factor as AWS Fargate, on which it runs: the
rate of us-east-1 times the quotient of Fargate's rates (Linux/x86) in that Region and in us-east-1. Where both are
known this is right within 4 %: Tokyo 0.0799 for 0.081 (vCPU) and 0.0087 for 0.009 (memory), Singapore 0.0087 for
0.00885 (memory). The price list of the Region settles it; `prices` of a scenario replaces each rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from simulator.model.text.problems import one_of
from simulator.rules.pricing import Rates

REGION_DEFAULT: Final = "us-east-1"

_PAGE: Final = "aws.amazon.com/apprunner/pricing"
_FIRST_REGIONS: Final = Rates(0.007, 0.064, 0.007)
_FARGATE_US_EAST_1: Final = (0.04048, 0.004445)

# USD per vCPU-hour and per GB-hour of Fargate, Linux/x86, and their source.
_FARGATE: Final[Mapping[str, tuple[float, float, str]]] = {
    "ap-south-1": (0.04456, 0.0049, "facts, ECS Express 6"),
    "ap-southeast-1": (0.05056, 0.00553, "aws.amazon.com/fargate/pricing as quoted"),
    "ap-southeast-2": (0.04856, 0.00532, "aws.amazon.com/fargate/pricing as quoted"),
    "eu-central-1": (0.04656, 0.00511, "price list of AmazonECS, 2026-07-07"),
    "eu-west-2": (0.04656, 0.00511, "price list of AmazonECS as quoted"),
    # ASSUMPTION: no copy of the page contained the rates of Paris; the price list of AmazonECS for eu-west-3 settles
    # it.
    "eu-west-3": (0.0486, 0.0053, "not read"),
}


class RegionPrices(NamedTuple):
    """The rates of a Region with their date and source. `is_estimated`: at least one of them is an estimate."""

    region: str
    rates: Rates
    as_of: str
    source: str
    is_estimated: bool = False

    def __str__(self) -> str:
        estimated = ", estimated" if self.is_estimated else ""
        return f"{self.region}{estimated}, {self.as_of}: {self.source}"


def _estimated(region: str, *, gb_hour: float | None = None) -> RegionPrices:
    """Return rates estimated by the rule in the module's docstring. `gb_hour` is the rate of memory if it is known."""
    vcpu, memory, source = _FARGATE[region]
    first_vcpu, first_memory = _FARGATE_US_EAST_1
    active = round(_FIRST_REGIONS.active_vcpu_hour * vcpu / first_vcpu, 5)
    per_gb = gb_hour or round(_FIRST_REGIONS.active_gb_hour * memory / first_memory, 5)
    given = f"us-east-1 x the quotient of Fargate's rates ({source})"
    if gb_hour is not None:
        given = f"memory from the price list of AWSAppRunner, vCPU {given}"
    return RegionPrices(region, Rates(per_gb, active, per_gb), "2026-11", given, is_estimated=True)


_READ: Final = (
    *(RegionPrices(name, _FIRST_REGIONS, "2026-11", _PAGE) for name in ("us-east-1", "us-east-2", "us-west-2")),
    RegionPrices("eu-west-1", _FIRST_REGIONS, "2026-11", _PAGE),
    RegionPrices("ap-northeast-1", Rates(0.009, 0.081, 0.009), "2026-11", _PAGE),
)
_ALL: Final = (
    *_READ,
    _estimated("ap-southeast-1", gb_hour=0.00885),  # facts 13.1: a copy of the price list
    *(_estimated(name) for name in ("ap-south-1", "ap-southeast-2", "eu-central-1", "eu-west-2", "eu-west-3")),
)

REGION_PRICES: Final[Mapping[str, RegionPrices]] = MappingProxyType({prices.region: prices for prices in _ALL})
REGIONS: Final[Mapping[str, Rates]] = MappingProxyType({prices.region: prices.rates for prices in _ALL})


def prices_of_region(region: str) -> RegionPrices:
    """Return the prices of a Region.

    Raises:
        ValueError: if App Runner is not available in the Region; the message names the nearest known one.
    """
    if region not in REGION_PRICES:
        msg = f"region = {region!r}, must be {one_of(region, REGION_PRICES)}"
        raise ValueError(msg)
    return REGION_PRICES[region]


def rates_of(region: str) -> Rates:
    """Return the rates of a Region.

    Raises:
        ValueError: if App Runner is not available in the Region.
    """
    return prices_of_region(region).rates


def prices_text(region: str, rates: Rates | None) -> tuple[str, bool]:
    """Return the source of the rates of a service in `region`, and whether one of them is an estimate.

    `rates` None means the Region's rates. Rates that differ from these were set by the user.
    """
    known = REGION_PRICES.get(region)
    if known is None:
        return "as configured", False
    names = ("provisioned_gb_hour", "active_vcpu_hour", "active_gb_hour")
    own = [rates is not None and getattr(rates, name) != getattr(known.rates, name) for name in names]
    if all(own):
        return "as configured", False
    text = f"{known.as_of}: {known.source}"
    return f"{text}; single rates as configured" if any(own) else text, known.is_estimated
