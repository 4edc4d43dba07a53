"""Figures of one run as a flat row, for sweeps and tables."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.report.schema import CheckPart, Report
from simulator.report.services import month_basis

Figure = float | int | str | bool | None


def figures(report: Report) -> dict[str, Figure]:
    """Return the figures of the run after its warm-up, in the units of the report.

    Instance time and cost cover the whole run and all services.
    """
    requests, services = report.requests, report.services
    instances = [service.instances for service in services]
    latency = requests.latency
    return {
        "passed": report.passed,
        "failed_checks": "; ".join(failed_checks(report.checks, requests.served)),
        "cannot_act": "; ".join(note.text for note in report.notes if note.kind == "cannot act"),
        "requests": requests.requests,
        "served": requests.served,
        "rejected": requests.rejected,
        "failed": requests.failed,
        "rejected_ratio": requests.rejected_ratio,
        "error_rate": requests.error_rate,
        "served_rps": requests.served_rps,
        "latency_mean_s": latency.mean_s,
        "latency_p50_s": latency.p50_s,
        "latency_p95_s": latency.p95_s,
        "latency_p99_s": latency.p99_s,
        "latency_max_s": latency.max_s,
        "cold_starts": requests.cold_starts,
        "cold_start_ratio": requests.cold_start_ratio,
        "provisioned_s": sum(part.provisioned_s for part in instances),
        "active_s": sum(part.active_s for part in instances),
        "ready_mean": sum(part.ready_mean for part in instances),
        "ready_max": sum(part.ready_max for part in instances),
        "started": sum(part.started for part in instances),
        "decisions": sum(len(service.decisions) for service in services),
        "run_usd": report.run_usd,
        "month_usd": report.month_usd,
        "month_rests_on": _month_rests_on(report),
        "digest": report.digest,
    }


def _month_rests_on(report: Report) -> str:
    """Return the source of the extrapolated monthly cost, and whether a Region's rates are estimates."""
    costs = [service.cost for service in report.services]
    regions = dict.fromkeys(cost.region for cost in costs if cost.estimated)
    estimated = f"; rates of {', '.join(regions)} are estimated" if regions else ""
    return f"{month_basis(report.run.ended_s)}{estimated}"


def failed_checks(checks: Sequence[CheckPart], served: int) -> list[str]:
    """Return the texts of the checks whose value is outside its bound.

    In a run that served requests, a check without a value passes: a point that never scaled out has no
    `scale_out_delay`.
    """
    return [check.text for check in checks if not check.passed and (check.value is not None or not served)]
