"""Chart columns in addition to the series of the report: requests in flight, and USD per hour.

The schema of the report does not contain them: they are computed from the same run, and no check uses them.
"""

from __future__ import annotations

from typing import Any

from simulator.records.concurrency_series import ConcurrencySeries
from simulator.report.schema import SeriesPart
from simulator.rules.pricing import Rates
from simulator.rules.region_prices import REGION_PRICES


def beside_series(
    series: SeriesPart, concurrency_series: ConcurrencySeries | None, rates: Rates, cpu: float, memory_gb: float
) -> dict[str, Any]:
    """Return the additional columns for the bins of the series, by name. `cpu`, `memory_gb`: of one instance."""
    bins = len(series.offered)
    in_flight, waiting = ([], []) if concurrency_series is None else concurrency_series.binned(series.width_s, bins)
    return {
        "in_flight": [_known(value) for value in in_flight],
        "waiting": [_known(value) for value in waiting],
        "usd_per_hour": usd_per_hour(series, rates, cpu, memory_gb),
    }


def usd_per_hour(series: SeriesPart, rates: Rates, cpu: float, memory_gb: float) -> list[float]:
    """Return the USD per hour in each bin, computed from the number of instances.

    The bill's rounding to whole seconds and its minimum of a minute for each activation are omitted, because they apply
    to activations and not to moments.
    """
    return [
        _short(usd_now(provisioned, active, rates, cpu, memory_gb))
        for provisioned, active in zip(series.provisioned, series.active, strict=True)
    ]


def prices_of(region: str, given: Rates | None) -> tuple[Rates | None, str]:
    """Return (prices, description) for a service in `region`: `given`, or the prices of its Region if known.

    The prices of another Region are never used instead: a wrong bill is worse than none.
    """
    if given is not None:
        return given, "as configured"
    known = REGION_PRICES.get(region)
    if known is None:
        return None, f"not known for {region or 'it'}"
    return known.rates, f"{region} (estimated)" if known.is_estimated else region


def usd_now(provisioned: float, active: float, rates: Rates, cpu: float, memory_gb: float) -> float:
    """Return the USD per hour of this number of instances."""
    active_usd = cpu * rates.active_vcpu_hour + memory_gb * rates.active_gb_hour
    return active * active_usd + max(0.0, provisioned - active) * memory_gb * rates.provisioned_gb_hour


def _known(value: float | None) -> float | None:
    """Return the value, or None for a gap: nothing was measured there, which differs from 0."""
    return None if value is None else _short(value)


def _short(value: float) -> float:
    """Round to five digits, which suffice for a chart and keep pages small."""
    return float(f"{value:.5g}")
