"""The figures of a comparison: their definitions, and their calculation from one run.

Requests count from the end of the warm-up; cost and instance time cover the whole run, as a bill does. A month is 730
hours at the run's traffic; the free tier belongs to the account and is shown separately.

- **SLO**: a request misses it if it was rejected, failed or took longer than the case's SLO.
- **Score**: (USD of the run + `miss_usd` x requests that missed the SLO) per million requests; lower is better.
- **Regret**: the score divided by that of the oracle with the same actuator, limits and prices; 1 is perfect. It
  measures how well a platform is scaled, not how cheap the platform is: compare platforms by their scores. The oracle
  lets no request wait (traffic/demand.py), so a policy can score below the oracle where waiting is allowed and cheap.
- **Elastic speedup**: how much better the elasticity is than the baseline's (lab/elasticity/elasticity.py); above 1 is
  better.
- **pairwise**, **fractional**, **worst sigma**: candidates compared with each other (lab/elasticity/scores.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.lab.compare.platform_bill import bills
from simulator.lab.elasticity.elasticity import LEAST_PERCENT, Elasticity, elasticity
from simulator.lab.elasticity.slo_demand import bin_s
from simulator.model.text.quantities import Unit
from simulator.records.events import ScalingDecided
from simulator.records.histogram import Histogram
from simulator.records.instance_time import InstanceTime, StepFunction
from simulator.records.request_stats import RequestStats
from simulator.report.report import RunRecord, ServiceRun
from simulator.rules.platforms.billing import PriceList
from simulator.scenario.scenario import ScenarioSpec
from simulator.traffic.mean_work import mean_work_s

Better = Literal["low", "high", "zero", "neither"]
Values = Mapping[str, float | None]

_MILLION: Final = 1e6
_SECONDS_PER_HOUR: Final = 3600.0

# Default SLO of a case: this many times the mean time of a request that has an instance to itself.
# ASSUMPTION: users differ in what they call slow; five times the usual time matches the checks of the shipped
# scenarios.
SLO_FACTOR: Final = 5.0
# ASSUMPTION: the owner of a service knows what a missed request costs. 100 USD per million is at least ten times what
# serving a million costs in the shipped scenarios (0.4 to 10 USD), so that rejecting requests never pays off.
MISS_USD: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Figure:
    """Definition of a figure. `heading` names it in tables; `least` and `most` are its bounds."""

    name: str
    heading: str
    unit: Unit
    better: Better
    about: str

    @property
    def least(self) -> float:
        return -math.inf if self.better == "zero" else 0.0

    @property
    def most(self) -> float:
        bounded = self.name in {
            "under_provisioned_time",
            "over_provisioned_time",
            "instability",
            "under_provisioned_amount",
            "pairwise",
        }
        return 1.0 if self.unit == "ratio" else 100.0 if bounded else math.inf


_FLOOR: Final = f"parts below {LEAST_PERCENT:g} % count as {LEAST_PERCENT:g} %"

FIGURES: Final[Mapping[str, Figure]] = {
    figure.name: figure
    for figure in (
        Figure("requests", "requests", "count", "neither", "requests after the warm-up"),
        Figure("latency_mean_s", "mean", "s", "low", "mean latency of served requests"),
        Figure("latency_p50_s", "p50", "s", "low", "median latency of served requests"),
        Figure("latency_p95_s", "p95", "s", "low", "95 % latency of served requests"),
        Figure("latency_p99_s", "p99", "s", "low", "99 % latency of served requests"),
        Figure("error_rate", "error rate", "ratio", "low", "(rejected + failed) / offered"),
        Figure("slo_miss_ratio", "SLO misses", "ratio", "low", "requests rejected, failed or slower than the SLO"),
        Figure("cold_start_ratio", "cold", "ratio", "low", "served requests that waited for a start"),
        Figure("cold_starts", "cold starts", "count", "low", "served requests that waited for a start"),
        Figure("instance_hours", "inst-h", "hours", "low", "hours for which instances were provisioned"),
        Figure("run_usd", "USD", "usd", "low", "cost of the run"),
        Figure("usd_per_million", "USD/10^6", "usd", "low", "USD per million served requests"),
        Figure("month_usd", "USD/month", "usd", "low", "per month at this traffic, without the free tier"),
        Figure("month_free_usd", "free tier", "usd", "neither", "part of the month's bill that the free tier covers"),
        Figure("month_net_usd", "to pay", "usd", "low", "per month at this traffic, less the free tier"),
        Figure("under_provisioned_amount", "under-prov.", "percent", "low", "instances missing, of those needed"),
        Figure("over_provisioned_amount", "over-prov.", "percent", "low", "instances too many, of those needed"),
        Figure("under_provisioned_time", "under-prov. time", "percent", "low", "time with too few instances"),
        Figure("over_provisioned_time", "over-prov. time", "percent", "low", "time with too many instances"),
        Figure("instability", "instability", "percent", "low", "steps in which supply did not move as demand did"),
        Figure("sigma", "sigma", "percent", "low", "auto-scaling deviation: the five above as one distance"),
        Figure("jitter_per_hour", "jitter/h", "count", "zero", "changes of supply beyond those of demand, per hour"),
        Figure("idle_instance_hours", "idle-h", "hours", "low", "instance-hours without any demand"),
        Figure("scaling_actions", "actions", "count", "low", "decisions that changed the desired count"),
        Figure("elastic_speedup", "speedup", "factor", "high", f"elastic speedup against the baseline; {_FLOOR}"),
        Figure(
            "pairwise",
            "pairwise",
            "percent",
            "high",
            "pairwise score: a point for each of the five metrics that is lower than another candidate's, half a "
            "point for an equal one, in percent of the possible points; among those with the same demand",
        ),
        Figure(
            "fractional",
            "fractional",
            "percent",
            "low",
            "fractional difference: by how much the five metrics are above the best of all candidates with the "
            f"same demand, on average; {_FLOOR}",
        ),
        Figure("sigma_worst", "worst sigma", "percent", "low", "auto-scaling deviation of the worst run"),
        Figure("score", "score", "usd", "low", "USD and misses, per million requests"),
        Figure("score_misses", "score: misses", "usd", "low", "part of the score due to requests that missed the SLO"),
        Figure("regret", "regret", "factor", "low", "the score as a multiple of the best known with the same actuator"),
    )
}
# The figures of a single run. The others need all runs of a candidate, or several candidates.
OF_RUNS: Final = tuple(name for name in FIGURES if name != "sigma_worst")


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of the evaluation. `slo_s` None: five times the mean time of an undisturbed request."""

    slo_s: float | None = None
    miss_usd: float = MISS_USD

    def slo_of(self, scenario: ScenarioSpec, service: str) -> float | None:
        """Return the SLO of a service in seconds; None if its application is not simulated and no SLO is given."""
        if self.slo_s is not None:
            return self.slo_s
        mean_s = mean_work_s(scenario, service)
        return None if mean_s is None else SLO_FACTOR * mean_s


def measured(
    record: RunRecord,
    service: ServiceRun,
    demand: NDArray[np.int64] | None,
    slo_s: float | None,
    miss_usd: float,
    prices: PriceList | None = None,
) -> tuple[dict[str, float | None], Elasticity | None]:
    """Return the figures of one service in one run, without those that need other runs (`elastic_speedup`, `regret`).

    `demand` None: unknown. `prices` None: App Runner's, at the scenario's rates.
    """
    stats = record.stats_by_source.after_warm_up(record.sources_of(service.name))
    whole = record.stats_by_source.whole(record.sources_of(service.name))
    times = InstanceTime(service.name, record.events)
    run, month = bills(record, service, prices)
    usd = run.usd
    missed = missed_slo(stats, slo_s)
    follows = None if demand is None else _followed(demand, times.ready, record)
    p50_s, p95_s, p99_s = stats.latency.quantiles((0.5, 0.95, 0.99))
    values: dict[str, float | None] = {
        "requests": stats.requests,
        "latency_mean_s": stats.latency.mean_s,
        "latency_p50_s": p50_s,
        "latency_p95_s": p95_s,
        "latency_p99_s": p99_s,
        "error_rate": _share(stats.failures, stats.requests),
        "slo_miss_ratio": _share(missed, stats.requests),
        "cold_start_ratio": _share(stats.cold_starts, stats.served),
        "cold_starts": stats.cold_starts,
        "instance_hours": times.provisioned.instance_seconds(0, record.ended_s) / _SECONDS_PER_HOUR,
        "run_usd": usd,
        "usd_per_million": _share(usd * _MILLION, whole.served),
        "month_usd": month.usd,
        "month_free_usd": month.free_usd,
        "month_net_usd": month.usd - month.free_usd,
        "scaling_actions": _actions(record, service.name),
        "score_misses": _score(0.0, missed_slo(whole, slo_s), whole.requests, miss_usd),
        "score": _score(usd, missed_slo(whole, slo_s), whole.requests, miss_usd),
    }
    return values | elasticity_values(follows), follows


def _followed(demand: NDArray[np.int64], ready: StepFunction, record: RunRecord) -> Elasticity | None:
    return elasticity(demand, ready, record.warm_up_s, record.duration_s, bin_s(record.duration_s))


def elasticity_values(follows: Elasticity | None) -> dict[str, float | None]:
    """Return the elasticity metrics as figures; all are None if there was no demand."""
    names = (
        "under_provisioned_amount",
        "over_provisioned_amount",
        "under_provisioned_time",
        "over_provisioned_time",
        "instability",
        "sigma",
        "jitter_per_hour",
    )
    values: dict[str, float | None] = {name: None if follows is None else getattr(follows, name) for name in names}
    values["idle_instance_hours"] = None if follows is None else follows.idle_instance_s / _SECONDS_PER_HOUR
    return values


def missed_slo(stats: RequestStats, slo_s: float | None) -> int:
    """Count the requests that were rejected, failed or took longer than `slo_s` (None: no limit)."""
    return stats.failures + (0 if slo_s is None else slower_than(stats.latency, slo_s))


def slower_than(latency: Histogram, limit_s: float) -> int:
    """Count the durations above the limit; each counts as the middle of its histogram bucket (within 0.4 %)."""
    if latency.count == 0 or latency.max_s <= limit_s:
        return 0
    return int(latency.counts[latency.buckets.middles_s > limit_s].sum())


def _score(usd: float, missed: int, requests: int, miss_usd: float) -> float | None:
    return _share((usd + miss_usd * missed) * _MILLION, requests)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _actions(record: RunRecord, service: str) -> int:
    return sum(
        isinstance(event, ScalingDecided) and event.service == service and event.at_s >= record.warm_up_s
        for event in record.events
    )
