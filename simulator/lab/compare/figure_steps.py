"""Steps of figures: the smallest change that one event makes, which equal runs may have missed (lab/statistics.py)."""

from __future__ import annotations

from simulator.lab.compare.figures import Values
from simulator.report.report import RunRecord, ServiceRun
from simulator.rules.platforms.billing import PriceList
from simulator.rules.pricing import HOURS_PER_MONTH, SECONDS_PER_HOUR
from simulator.rules.region_prices import rates_of

_MILLION = 1e6


def figure_steps(
    values: Values, record: RunRecord, service: ServiceRun, miss_usd: float, prices: PriceList | None = None
) -> dict[str, float]:
    """Map each figure to its change by one request, one start, one decision, or one billed second of every instance.

    `prices` None: App Runner's prices.
    """
    requests = max(1.0, values["requests"] or 0.0)
    served = max(1, record.stats_by_source.whole(record.sources_of(service.name)).served)
    instances = max(1, len(service.usages))
    month = HOURS_PER_MONTH * SECONDS_PER_HOUR / record.ended_s
    usd = instances * _second_usd(service, prices)
    return {
        "requests": 1.0,
        "error_rate": 1 / requests,
        "slo_miss_ratio": 1 / requests,
        "cold_start_ratio": 1 / served,
        "cold_starts": 1.0,
        "scaling_actions": 1.0,
        "instance_hours": instances / SECONDS_PER_HOUR,
        "run_usd": usd,
        "month_usd": usd * month,
        "month_free_usd": usd * month,
        "month_net_usd": usd * month,
        "usd_per_million": usd * _MILLION / served,
        "score_misses": miss_usd * _MILLION / requests,
        "score": (usd + miss_usd) * _MILLION / requests,
    }


def _second_usd(service: ServiceRun, prices: PriceList | None) -> float:
    """Return the price in USD of one second of an active instance."""
    rates, size = service.rates or rates_of(service.region), service.size
    if prices is None:
        return (size.vcpu * rates.active_vcpu_hour + size.memory_gb * rates.active_gb_hour) / SECONDS_PER_HOUR
    return (size.vcpu * prices.vcpu_hour + size.memory_gb * prices.gb_hour) / SECONDS_PER_HOUR
