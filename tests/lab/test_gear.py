"""The compiled gear against the virtual loop: the same requests, the same decisions, to the last digit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from simulator.lab.compare_gears import kind_of
from simulator.lab.fast_gear import why_not
from tests.lab.gear_scenarios import agree, scenarios, told


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(scenarios())
def test_compiled_and_virtual_agree_request_by_request(data: dict[str, Any]) -> None:
    agree(data, Path.cwd())


def test_the_kernels_rules_agree_without_the_compiler() -> None:
    """The same functions as plain Python, in an interpreter of their own: nothing of numba's may be compiled here."""
    # -P would be wanted, but the tests are imported from this folder.
    done = subprocess.run(
        [sys.executable, "-m", "tests.lab.gear_agreement", "12"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},  # noqa: TID251 what a child process inherits
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 scenarios agree" in done.stdout


PLAIN: dict[str, Any] = {
    "version": 1,
    "name": "plain",
    "duration": "10s",
    "services": {"site": {"application": {"simulated": {"io": "1s"}}}},
    "traffic": [{"poisson": {"rate": "1/s"}}],
}
USERS = {"closed": {"users": 3, "think_time": "1s"}}


def test_a_scenario_that_it_cannot_play_is_refused_with_the_reason(tmp_path: Path) -> None:
    closed = told(PLAIN | {"traffic": [USERS]}, tmp_path)

    assert "users wait for answers" in why_not(closed)
    with pytest.raises(ValueError, match="gear = fast, must be another for this scenario: its source"):
        kind_of("fast", closed)
    assert kind_of("auto", closed).name == "virtual"


def test_it_is_chosen_by_itself_where_it_pays(tmp_path: Path) -> None:
    short = told(PLAIN, tmp_path)
    long = told(PLAIN | {"traffic": [{"poisson": {"rate": "200000/s"}}]}, tmp_path)

    assert (kind_of("auto", short).name, kind_of("fast", short).name) == ("virtual", "fast")
    assert kind_of("auto", long).name == "fast"
