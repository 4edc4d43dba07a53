"""`python -m tests.lab.compiled.agreement N`: N generated scenarios in both backends; exits with 1 at a difference."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings

from tests.lab.compiled.backend_scenarios import agree, scenarios


def main(count: int) -> None:
    """Play fixed examples; the slow test searches more widely."""

    @settings(
        max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
    )
    @given(scenarios())
    def check(data: dict[str, Any]) -> None:
        agree(data, Path.cwd())

    check()
    sys.stdout.write(f"{count} scenarios agree\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
