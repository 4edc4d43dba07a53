"""The price of an hour of an instance, to compare sizes of one platform. Pure functions."""

from __future__ import annotations

from typing import assert_never

from simulator.model.sizes import InstanceSize
from simulator.rules.platforms.billing import Metering, PriceList


def instance_hour_usd(prices: PriceList, size: InstanceSize) -> float | None:
    """Return the price in USD of an hour in which an instance of this size is busy, without its public addresses.

    None: the platform charges machines, whatever runs on them, or this size has no price.
    """
    match prices.metering:
        case Metering.APP_RUNNER | Metering.PROVISIONED | Metering.BUSY:
            return size.vcpu * prices.vcpu_hour + size.memory_gb * prices.gb_hour
        case Metering.SIZES:
            rule = prices.sizes.priced(size)
            return None if rule is None else (rule.usd_hour or 0.0) + rule.more_gb(size) * prices.gb_hour
        case Metering.NODES:
            return None
        case _:
            assert_never(prices.metering)
