"""The figures of a run that lessons use, by name: `p95_s` of all services, `web_p95_s` of the service web.

Units are at the end of the names; ratios are 0 to 1. A figure without data is 0: the claims of a lesson check that the
data exists. `first_raise_s`: when the desired count first rose above MinSize.
"""

from __future__ import annotations

from simulator.report.decisions import DecisionPart
from simulator.report.schema import Report, RequestsPart, ServicePart


def figures(report: Report) -> dict[str, float]:
    """Return every figure. With a single service, its figures also have names without the prefix."""
    span_s = report.run.ended_s - report.run.warm_up_s
    found: dict[str, float] = {}
    for service in report.services:
        own = _of_requests(service.requests, span_s) | _of_service(service)
        found |= {prefix_of(service.name) + name: value for name, value in own.items()}
        if len(report.services) == 1:
            found |= own
    for source in report.sources:
        found |= {prefix_of(source.name) + name: value for name, value in _of_requests(source.requests, span_s).items()}
    return _of_requests(report.requests, span_s) | {"usd_month": report.month_usd} | found


def prefix_of(name: str) -> str:
    """Return the prefix of the figures of a service or a source."""
    return f"{name.replace('-', '_')}_"


def _of_requests(part: RequestsPart, span_s: float) -> dict[str, float]:
    latency = part.latency
    return {
        "requests": part.requests,
        "offered_rps": part.requests / span_s,
        "served": part.served,
        "served_rps": part.served_rps or 0.0,
        "rejected": part.rejected,
        "failed": part.failed,
        "rejected_ratio": part.rejected_ratio or 0.0,
        "error_rate": part.error_rate or 0.0,
        "mean_s": latency.mean_s or 0.0,
        "p50_s": latency.p50_s or 0.0,
        "p95_s": latency.p95_s or 0.0,
        "p99_s": latency.p99_s or 0.0,
        "max_s": latency.max_s or 0.0,
        "service_mean_s": part.service.mean_s or 0.0,
        "cold_starts": part.cold_starts,
        "cold_start_ratio": part.cold_start_ratio or 0.0,
        # Request-seconds per second, because each served request was in flight for its latency.
        "in_flight": part.served * (latency.mean_s or 0.0) / span_s,
    }


def _of_service(part: ServicePart) -> dict[str, float]:
    raises = [decision for decision in part.decisions if decision.desired > decision.before]
    instances = part.instances
    series = part.series
    return {
        "offered_peak_rps": max(series.offered, default=0) / series.width_s,
        "decisions": len(part.decisions),
        "raises": len(raises),
        "lowerings": len(part.decisions) - len(raises),
        "desired_max": max((decision.desired for decision in part.decisions), default=part.min_size),
        "first_raise_s": next((raised.at_s for raised in raises if raised.desired > part.min_size), 0.0),
        "ready_mean": instances.ready_mean,
        "ready_max": instances.ready_max,
        "ready_end": series.ready[-1] if series.ready else 0.0,
        "active_mean": instances.active_mean,
        "provisioned_max": instances.provisioned_max,
        "started": instances.started,
        "instance_hours": instances.provisioned_s / 3600,
        "full_s": _full_s(raises),
        "usd_month": part.cost.month.usd,
    }


def _full_s(raises: list[DecisionPart]) -> float:
    """Return the time at which the highest desired count was first reached; 0 if it never was."""
    if not raises:
        return 0.0
    highest = max(raised.desired for raised in raises)
    times = [r.at_s + r.ready_after_s for r in raises if r.desired == highest and r.ready_after_s is not None]
    return min(times, default=0.0)
