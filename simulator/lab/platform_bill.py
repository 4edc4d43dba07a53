"""What a service of a run costs on its platform: the run, and a month if every minute were like it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulator.replay.check_expression import CheckExpression
from simulator.replay.report import RunRecord, ServiceRun
from simulator.replay.scenario import Scenario
from simulator.rules.platforms.billing import Consumption, PriceList, consumed_bill, month_bill
from simulator.rules.pricing import Bill, Line, bill, metered, per_month
from simulator.rules.region_prices import prices_text, rates_of

_MILLION = 1e6


def bills(record: RunRecord, service: ServiceRun, prices: PriceList | None) -> tuple[Bill, Bill]:
    """(of the run, of a month); `prices` None: App Runner's, as the scenario has them.

    Deployments and builds are on neither: they are the same wherever the service runs.
    """
    if prices is None:
        rates = service.rates or rates_of(service.region)
        month = per_month(metered(service.usages, until_s=record.ended_s), record.ended_s)
        return _charged(bill(metered(service.usages), rates)), _charged(bill(month, rates))
    whole = record.tallies.whole(record.sources_of(service.name))
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


def month_lines(month: Bill) -> tuple[Line, ...]:
    """All lines; what the free tier covers has a negative quantity, so that the sum is what is to be paid."""
    return (*month.lines, *(Line(line.item, -line.quantity, line.unit, line.rate_usd) for line in month.free))


def passes(check: CheckExpression, record: RunRecord, services: Sequence[ServiceRun], prices: PriceList) -> bool:
    """Whether a limit in USD holds on a platform with these prices, its free tier left out."""
    pairs = [bills(record, service, prices) for service in services]
    run_usd = math.fsum(run.usd for run, _ in pairs)
    if check.metric == "usd_per_month":
        return check.holds(math.fsum(month.usd for _, month in pairs))
    if check.metric == "usd":
        return check.holds(run_usd)
    served = sum(record.tallies.whole(record.sources_of(service.name)).served for service in services)
    return bool(served) and check.holds(run_usd / served * _MILLION)


def prices_line(scenario: Scenario, prices: PriceList | None) -> str:
    """Whose prices, of when, and where they were read; None: App Runner's, of the scenario's first service."""
    if prices is not None:
        return f"{prices.region}, {prices.as_of}: {prices.source}"
    own = next(iter(scenario.services.values())).prices
    source, estimated = prices_text(own.region, own.rates)
    return f"{own.region}{', estimated' * estimated}, {source}"


def _charged(found: Bill) -> Bill:
    """Without lines of nothing."""
    return Bill(tuple(line for line in found.lines if line.quantity))
