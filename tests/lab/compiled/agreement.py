"""`python -m tests.lab.compiled.agreement N`: N generated scenarios in both backends; exits with 1 at a difference."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, given, settings

from tests.lab.compiled.backend_scenarios import agree, scenarios

# Instances become idle between most requests, so that each draws a time for its wake, while others wake too.
WAKES: Final[dict[str, Any]] = {
    "version": 1,
    "name": "wakes",
    "duration": "5 min",
    "services": {
        "web": {
            "max_concurrency": 3,
            "min_size": 3,
            "max_size": 5,
            "idle_after": "2s",
            "wake": {"lognormal": {"median": "5ms", "p95": "2s"}},
            "application": {"simulated": {"cpu": {"exponential": "40ms"}, "io": {"exponential": "80ms"}}},
        }
    },
    "traffic": [
        {"poisson": {"rate": "0.4/s"}},
        {"spike": {"base": 0, "peak": "30/s", "at": "60s", "rise": "1s", "for": "6s", "fall": "2s"}},
    ],
}

# Both instances connect before the run, in which one of them ends at once.
ENDS_AT_ONCE: Final[dict[str, Any]] = {
    "version": 1,
    "name": "ends-at-once",
    "duration": "5s",
    "services": {
        "web": {
            "min_size": 2,
            "max_size": 2,
            "application": {
                "simulated": {"start_up": "100ms", "io": "10ms"},
                "downstream": {"db": {"connections": 5, "service": "10ms", "pool": 1, "min_idle": 1}},
            },
        }
    },
    "traffic": [{"clock": {"rate": "1/s"}}],
    "timeline": [{"at": 0, "update_auto_scaling": {"min_size": 1, "max_size": 1}}],
}

# While the platform closes, an instance that ignores SIGTERM computes for a request that has timed out.
IGNORES_SIGTERM: Final[dict[str, Any]] = {
    "version": 1,
    "name": "ignores-sigterm",
    "seed": 3,
    "duration": "20s",
    "services": {
        "web": {
            "max_concurrency": 3,
            "request_timeout": "1s",
            "stop_grace": "30s",
            "policy": "cloud-run",
            "application": {"simulated": {"cpu": "1500ms", "failures": {"ignores_sigterm": True}}},
        }
    },
    "traffic": [{"poisson": {"rate": "1/s"}}],
}


def main(count: int) -> None:
    """Play fixed examples; the slow test searches more widely."""

    @settings(
        max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
    )
    @given(scenarios())
    def check(data: dict[str, Any]) -> None:
        agree(data, Path.cwd())

    check()
    agree(WAKES, Path.cwd())
    agree(IGNORES_SIGTERM, Path.cwd())
    for warm_up in (0, "1s"):
        agree(ENDS_AT_ONCE | {"warm_up": warm_up}, Path.cwd())
    sys.stdout.write(f"{count} scenarios agree\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
