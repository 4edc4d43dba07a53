"""Every shipped scenario gives the same bytes again, passes its own checks, and has consistent figures."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.scenario.scenario import ScenarioSpec, load_scenario
from simulator.scenario.shipped import shipped_scenarios
from tests.golden.golden_text import assert_golden
from tests.golden.headline import headline
from tests.golden.twice import COSTLY, LONG, Twice
from tests.golden.verdict_text import verdict_text

FOLDER = Path(__file__).parent
# A day of 75 million requests is too long for a test: benchmarks/compiled_backend.py plays it, and
# tests/lab/compiled/test_compiled_backend.py tests the backend.
NAMES = [name for name in shipped_scenarios() if name != "worldcup98-day"]
# The longest ones take more time than all the others, so they are slow tests.
CHOSEN = [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in NAMES]
TWICE = [pytest.param(name, marks=pytest.mark.slow) if name in {*LONG, *COSTLY} else name for name in NAMES]
# Short ones: each test that plays them in this process takes a fraction of a second.
SHORT = ("first-look", "azure-llm-code")


def shipped(name: str) -> ScenarioSpec:
    return load_scenario(shipped_scenarios()[name])


def played(scenario: ScenarioSpec) -> Report:
    return build_report(play(Run(scenario)))


def golden_file(name: str) -> Path:
    return FOLDER / f"{name}.json"


@pytest.mark.parametrize("name", TWICE)
def test_two_runs_in_unlike_processes_give_the_same_bytes(twice: Twice, name: str) -> None:
    first, second = twice.both(name)
    assert first == second


@pytest.mark.parametrize("name", CHOSEN)
def test_the_headlines_are_those_of_the_golden_file(twice: Twice, name: str, *, remake: bool) -> None:
    assert_golden(headline(json.loads(twice.first(name))), golden_file(name), remake=remake)


@pytest.mark.parametrize("name", CHOSEN)
def test_the_verdict_is_that_of_the_golden_file(twice: Twice, name: str, *, remake: bool) -> None:
    report = Report.model_validate_json(twice.first(name))
    assert_golden(verdict_text(report), FOLDER / "verdicts" / f"{name}.txt", remake=remake)


def test_every_golden_file_has_its_scenario(*, remake: bool) -> None:
    left_over = sorted({path.stem for path in FOLDER.glob("*.json")} - set(NAMES))
    if remake:
        for name in left_over:
            golden_file(name).unlink()
    assert not [name for name in left_over if golden_file(name).exists()]


@pytest.mark.parametrize("name", CHOSEN)
def test_a_shipped_scenario_passes_its_own_checks(twice: Twice, name: str) -> None:
    report = json.loads(twice.first(name))
    assert report["checks"], "a scenario says what it should show"
    assert [check for check in report["checks"] if not check["passed"]] == []


@pytest.mark.parametrize("name", CHOSEN)
def test_every_request_ended_exactly_once(twice: Twice, name: str) -> None:
    report = json.loads(twice.first(name))
    parts: list[dict[str, Any]] = [part["requests"]["whole_run"] for part in (*report["sources"], *report["services"])]
    for counts in (report["requests"]["whole_run"], *parts):
        assert counts["requests"] == counts["served"] + counts["rejected"] + counts["failed"]
        assert counts["requests"] == sum(counts["by_status"].values())
    for service in report["services"]:
        assert sum(service["series"]["offered"]) == service["requests"]["whole_run"]["requests"]


@pytest.mark.parametrize("name", CHOSEN)
def test_latency_is_queue_and_cold_start_and_service(twice: Twice, name: str) -> None:
    for service in json.loads(twice.first(name))["services"]:
        requests = service["requests"]
        parts = sum(requests[part]["mean_s"] for part in ("queue", "cold", "service"))
        # Means are sums of whole nanoseconds, each rounded by up to half a nanosecond, with nine digits in the report.
        assert parts == pytest.approx(requests["latency"]["mean_s"], rel=1e-8, abs=2e-9)


@pytest.mark.parametrize("policy", ["knative", "fixed"])
@pytest.mark.parametrize("name", SHORT)
def test_another_policy_plays_out_differently(name: str, policy: str) -> None:
    scenario = shipped(name)
    own, other = played(scenario), played(scenario.with_policy(policy))
    assert other.digest != own.digest
    # The digest includes the policy's name, so it would differ anyway; the states of the instances would not.
    assert other.services[0].instance_events != own.services[0].instance_events


@pytest.mark.parametrize("name", SHORT)
def test_another_seed_plays_out_differently(name: str) -> None:
    scenario = shipped(name)
    own, other = played(scenario), played(scenario.with_seed(scenario.seed + 1))
    assert other.services[0].requests.latency != own.services[0].requests.latency


@pytest.mark.case("L26")
def test_the_shipped_day_does_not_flap() -> None:
    """In the golden file, which the test above compares with the run: increases within minutes after a decrease."""
    (service,) = json.loads(golden_file("worldcup98").read_text(encoding="utf-8"))["services"].values()
    changes = [re.fullmatch(r"([0-9]+) s: ([0-9]+) -> ([0-9]+),.*", told) for told in service["decisions"]]
    steps = [(int(found[1]), int(found[3]) - int(found[2])) for found in changes if found is not None]
    assert len(steps) == len(changes) <= 15
    reversals = [later for (at_s, by), (later, then) in pairwise(steps) if by * then < 0 and later - at_s <= 180]
    assert len(reversals) <= 1
    assert service["instances"]["started"] <= 8
