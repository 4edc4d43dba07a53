"""The cost of a service on its platform: for the run, and for a month at the run's traffic."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulator.report.report import RunRecord, ServiceRun
from simulator.rules.platforms.billing import Consumption, PriceList, consumed_bill, month_bill
from simulator.rules.pricing import Bill, BillLine, bill, metered, per_month
from simulator.rules.region_prices import prices_text, rates_of
from simulator.scenario.check_expression import CheckExpression
from simulator.scenario.scenario import ScenarioSpec

_MILLION = 1e6


def bills(record: RunRecord, service: ServiceRun, prices: PriceList | None) -> tuple[Bill, Bill]:
    """Return (bill of the run, bill of a month). `prices` None: App Runner's, at the scenario's rates.

    Neither contains deployments and builds, which cost the same on every platform.
    """
    if prices is None:
        rates = service.rates or rates_of(service.region)
        month = per_month(metered(service.usages, until_s=record.ended_s), record.ended_s)
        return _charged(bill(metered(service.usages), rates)), _charged(bill(month, rates))
    whole = record.stats_by_source.whole(record.sources_of(service.name))
    used = Consumption(
        service.usages,
        service.size,
        service.scaling.max_size,
        whole.requests,
        record.ended_s,
        service.scaling.min_size,
        whole.rejected,
    )
    return consumed_bill(used, prices), month_bill(used, prices)


def month_lines(month: Bill) -> tuple[BillLine, ...]:
    """Return all lines of a month.

    The free tier is a line with a negative quantity, so that the sum is the amount to pay.
    """
    return (*month.lines, *(BillLine(line.item, -line.quantity, line.unit, line.rate_usd) for line in month.free))


def passes(check: CheckExpression, record: RunRecord, services: Sequence[ServiceRun], prices: PriceList) -> bool:
    """Return True if the run meets a limit in USD at these prices, without the free tier."""
    pairs = [bills(record, service, prices) for service in services]
    run_usd = math.fsum(run.usd for run, _ in pairs)
    if check.metric == "usd_per_month":
        return check.holds(math.fsum(month.usd for _, month in pairs))
    if check.metric == "usd":
        return check.holds(run_usd)
    served = sum(record.stats_by_source.whole(record.sources_of(service.name)).served for service in services)
    return bool(served) and check.holds(run_usd / served * _MILLION)


def prices_line(scenario: ScenarioSpec, prices: PriceList | None) -> str:
    """Describe the source and the date of the prices. None: App Runner's, for the scenario's first service."""
    if prices is not None:
        return f"{prices.region}, {prices.as_of}: {prices.source}"
    own = next(iter(scenario.services.values())).prices
    source, estimated = prices_text(own.region, own.rates)
    return f"{own.region}{', estimated' * estimated}, {source}"


def _charged(found: Bill) -> Bill:
    """Return the bill without lines whose amount is 0."""
    return Bill(tuple(line for line in found.lines if line.quantity))
