"""The compiled backend compared with the virtual loop: the same requests and decisions, to the last digit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from simulator.lab.compare.backends import kind_of
from simulator.lab.compiled.compiled_backend import why_not
from tests.lab.compiled import odd_scenarios
from tests.lab.compiled.agreement import ENDS_AT_ONCE, IGNORES_SIGTERM
from tests.lab.compiled.backend_scenarios import account, agree, scenarios, told


@pytest.mark.slow
@pytest.mark.timeout(2400)  # the kernel is compiled on first use, for minutes on a busy machine
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(scenarios())
def test_compiled_and_virtual_agree_request_by_request(data: dict[str, Any]) -> None:
    agree(data, Path.cwd())


def test_the_kernels_rules_agree_without_the_compiler() -> None:
    """The same functions as plain Python, in a separate interpreter, in which numba must not have compiled anything."""
    # -P would be better, but the tests are imported from this folder.
    done = subprocess.run(
        [sys.executable, "-m", "tests.lab.compiled.agreement", "6"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},  # noqa: TID251 what a child process inherits
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 scenarios agree" in done.stdout


PLAIN: dict[str, Any] = {
    "version": 1,
    "name": "plain",
    "duration": "10s",
    "services": {"site": {"application": {"simulated": {"io": "1s"}}}},
    "traffic": [{"poisson": {"rate": "1/s"}}],
}
USERS = {"closed": {"users": 3, "think_time": "1s"}}


def test_a_scenario_that_it_cannot_play_is_rejected_with_the_reason(tmp_path: Path) -> None:
    closed = told(PLAIN | {"traffic": [USERS]}, tmp_path)

    assert "users wait for answers" in why_not(closed)
    with pytest.raises(ValueError, match="backend = compiled, must be another for this scenario: its source"):
        kind_of("compiled", closed)
    assert kind_of("auto", closed).name == "event-loop"
    works = {"simulated": {"io": "1s", "background": {"mail": {"after_requests": 1, "cpu": "1s"}}}}
    assert "background work" in why_not(told(PLAIN | {"services": {"site": {"application": works}}}, tmp_path))


def test_the_compiled_backend_is_chosen_automatically_for_long_runs(tmp_path: Path) -> None:
    short = told(PLAIN, tmp_path)
    long = told(PLAIN | {"traffic": [{"poisson": {"rate": "200000/s"}}]}, tmp_path)

    assert (kind_of("auto", short).name, kind_of("compiled", short).name) == ("event-loop", "compiled")
    assert kind_of("auto", long).name == "compiled"


@pytest.mark.case("L46", "L47", "R3", "R4")
def test_odd_scenarios_agree() -> None:
    """The rules run as plain Python, so that nothing is compiled.

    48: the last request ends with its instance. 9 and 47: arrays are full before arrivals come. 5, 34: a CPU quota.
    7: paths. 9, 23, 47: requests compute in turn. 4, 24: in several visits.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.lab.compiled.odd_scenarios", "48,7,11,23,9,47,5,34,4,24"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},  # noqa: TID251 what a child process inherits
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 agree" in done.stdout, "all were played"


@pytest.mark.parametrize("seed", [1, 6, 7, 15])
def test_odd_scenarios_with_downstream_resources_agree(seed: int) -> None:
    """Instances had connected before the run. 6: one ends at time 0, without a warm-up. 15: one ends in the warm-up."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.lab.compiled.odd_scenarios", str(seed), "--calls"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},  # noqa: TID251 what a child process inherits
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 agree" in done.stdout, "it was played"


@pytest.mark.parametrize(("warm_up", "most"), [(0, 2), ("1s", 1)])
def test_connections_opened_before_the_run_count_at_time_0(warm_up: int | str, most: int, tmp_path: Path) -> None:
    """The figure of the scenario in which both backends must agree (agreement.py): one connection per instance."""
    report, _ = account(told(ENDS_AT_ONCE | {"warm_up": warm_up}, tmp_path), fast=False)

    assert [resource.connections_max for resource in report.downstream] == [most]


def test_decisions_while_the_platform_closes_are_no_part_of_the_run(tmp_path: Path) -> None:
    """The scenario in which both backends must agree (agreement.py): its instances end 30 s after the run."""
    scenario = told(IGNORES_SIGTERM, tmp_path)
    assert why_not(scenario) == ""
    report, _ = account(scenario, fast=False)
    (service,) = report.services
    assert 15 < service.looks[-1].at_s <= 20 + 1  # the duration, and the time limit of its last request


@pytest.mark.slow
@pytest.mark.timeout(2400)  # the kernel is compiled on first use, for minutes on a busy machine
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(scenarios(calls=True))
def test_downstream_resources_agree_request_by_request(data: dict[str, Any]) -> None:
    agree(data, Path.cwd())


@pytest.mark.slow
@pytest.mark.timeout(2400)  # the kernel is compiled on first use, for minutes on a busy machine
def test_some_odd_scenarios_with_downstream_resources_agree_row_by_row() -> None:
    told, bad = odd_scenarios.play_all(range(7), calls=True)
    assert bad == []
    assert told["agree"] >= 5, told


@pytest.mark.slow
@pytest.mark.timeout(2400)  # the kernel is compiled on first use, for minutes on a busy machine
@pytest.mark.case("L46", "L47", "R3", "R4")
def test_five_hundred_odd_scenarios_agree_row_by_row() -> None:
    told, bad = odd_scenarios.play_all(range(500))
    assert bad == []
    assert told["agree"] >= 450, told


@pytest.mark.slow
@pytest.mark.case("L47", "R4")
def test_an_arrival_that_rounds_to_the_end_of_the_run_is_not_sent(tmp_path: Path) -> None:
    """The opening takes so long that the last arrivals and the end are equal numbers on the loop's clock."""
    late = PLAIN | {
        "duration": "1s",
        "services": {"site": {"application": {"simulated": {"io": 0, "start_up": "290s"}}}},
        "traffic": [{"trace": {"file": "late.csv", "format": "seconds"}}],
    }
    (tmp_path / "late.csv").write_text("time\n0.0\n0.5\n0.9999999999999999\n", encoding="utf-8")
    scenario = told(late, tmp_path)
    assert (290.0 + 0.9999999999999999) == 291.0
    where, rows = odd_scenarios.difference(scenario)
    assert (where, rows) == ("", 3)  # a header and two requests
