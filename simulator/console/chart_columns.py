"""What charts show beyond the columns of the report's series: requests in flight, and dollars per hour.

The report's schema stays as it is: these are drawn from the same run, and nothing is checked against them.
"""

from __future__ import annotations

from typing import Any

from simulator.records.presence import Presence
from simulator.replay.report_schema import SeriesPart
from simulator.rules.pricing import Rates
from simulator.rules.region_prices import REGION_PRICES


def beside_series(
    series: SeriesPart, presence: Presence | None, rates: Rates, cpu: float, memory_gb: float
) -> dict[str, Any]:
    """Columns of the series' bins, by name. `cpu`, `memory_gb`: of one instance."""
    bins = len(series.offered)
    in_flight, waiting = ([], []) if presence is None else presence.binned(series.width_s, bins)
    return {
        "in_flight": [_known(value) for value in in_flight],
        "waiting": [_known(value) for value in waiting],
        "usd_per_hour": usd_per_hour(series, rates, cpu, memory_gb),
    }


def usd_per_hour(series: SeriesPart, rates: Rates, cpu: float, memory_gb: float) -> list[float]:
    """What an hour would cost that went on as each bin did.

    By the instances that are there; the bill's whole seconds and its minimum of a minute for each activation are left
    out, because they belong to activations and not to moments.
    """
    return [
        _short(usd_now(provisioned, active, rates, cpu, memory_gb))
        for provisioned, active in zip(series.provisioned, series.active, strict=True)
    ]


def prices_of(region: str, given: Rates | None) -> tuple[Rates | None, str]:
    """What a service in `region` is billed with, and what to say of it: `given`, or its Region's where they are known.

    No other Region's stand in for them: a wrong bill is worse than none.
    """
    if given is not None:
        return given, "as configured"
    known = REGION_PRICES.get(region)
    if known is None:
        return None, f"not known for {region or 'it'}"
    return known.rates, f"{region} (estimated)" if known.is_estimated else region


def usd_now(provisioned: float, active: float, rates: Rates, cpu: float, memory_gb: float) -> float:
    """USD an hour of so many instances."""
    active_usd = cpu * rates.active_vcpu_hour + memory_gb * rates.active_gb_hour
    return active * active_usd + max(0.0, provisioned - active) * memory_gb * rates.provisioned_gb_hour


def _known(value: float | None) -> float | None:
    """A gap stays a gap: nothing was measured there, which is not 0."""
    return None if value is None else _short(value)


def _short(value: float) -> float:
    """Five digits: a chart has no use for more, and pages stay small."""
    return float(f"{value:.5g}")
