"""The main figures of a report for its golden file: few enough to read, and rounded so that machines agree."""

from __future__ import annotations

import json
from typing import Any

# Reports have nine digits. Three fewer exclude the last bit of an exponential function, in which mathematics libraries
# differ, from a file that is compared literally.
SIGNIFICANT_DIGITS = 6

_LATENCIES = ("mean_s", "p50_s", "p95_s", "p99_s", "max_s")
_INSTANCES = (
    "provisioned_s",
    "active_s",
    "provisioned_max",
    "active_max",
    "started",
)


def headline(report: dict[str, Any]) -> str:
    """Return the text of the golden file for a report, given as parsed JSON."""
    document = {
        "scenario": report["scenario"]["name"],
        "seed": report["run"]["seed"],
        "ended_s": report["run"]["ended_s"],
        "checks": {check["text"]: check["value"] for check in report["checks"]},
        "timeline": [f"{act['at_s']:g} s: {act['detail']}" for act in report["timeline"]],
        "services": {service["name"]: _service(service) for service in report["services"]},
    }
    return json.dumps(_rounded(document), indent=2, ensure_ascii=False) + "\n"


def _service(service: dict[str, Any]) -> dict[str, Any]:
    requests, instances = service["requests"], service["instances"]
    return {
        "policy": service["policy"],
        "by_status": requests["whole_run"]["by_status"],
        "error_rate": requests["error_rate"],
        "latency": {name: requests["latency"][name] for name in _LATENCIES},
        "queue_mean_s": requests["queue"]["mean_s"],
        "cold_mean_s": requests["cold"]["mean_s"],
        "cold_starts": requests["cold_starts"],
        "instances": {name: instances[name] for name in _INSTANCES},
        "month_usd": service["cost"]["month"]["usd"],
        "decisions": [_decision(decision) for decision in service["decisions"]],
    }


def _decision(decision: dict[str, Any]) -> str:
    return f"{decision['at_s']:g} s: {decision['before']} -> {decision['desired']}, {decision['formula']}"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
