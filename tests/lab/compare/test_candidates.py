"""Candidates as changes to a scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.compare.candidates import (
    Candidate,
    CandidateKind,
    candidates_of,
    on_platform,
    references,
    with_oracle,
)
from simulator.lab.compare.compare import Plan, compare
from simulator.lab.compare.prices import read_prices
from simulator.replay.runner import Run, play
from simulator.replay.service_plans import build_policy
from simulator.rules.platforms.billing import Metering
from simulator.rules.platforms.presets import PLATFORMS, platform_named
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.scenario import ScenarioSpec, load_scenario
from simulator.scenario.sections.policy_spec import policy_of
from tests.lab.compare.compare_scenarios import step


@pytest.fixture
def scenario(tmp_path: Path) -> ScenarioSpec:
    return load_scenario(step(tmp_path))


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_platform_plays_the_scenario_and_has_a_bill(name: str, tmp_path: Path) -> None:
    candidates = candidates_of((), (name,), {})
    found = compare(Plan([step(tmp_path)], candidates, baseline=name, seeds=1))
    assert found.failures == []
    (case,) = found.cases
    assert [row.candidate for row in case.rows] == [name, f"oracle on {name}"]
    assert case.rows[0].estimates["run_usd"].mean > 0
    assert min(row.estimates["regret"].mean for row in case.rows) == 1


def test_a_platform_replaces_the_limits_and_the_overflow(scenario: ScenarioSpec) -> None:
    web = on_platform(scenario, platform_named("lambda")).services["web"]
    # Six instances with four slots are 24 environments with one.
    assert (web.max_concurrency, web.min_size, web.max_size) == (1, 0, 24)
    assert web.overflow.mode == "queue"
    assert web.balancing == "newest-first"
    assert web.policy.name == "lambda"
    assert web.application == scenario.services["web"].application
    law = web.policy.actuator(web.scaling).start_law
    assert law is not None
    assert law.init is not None
    assert law.init.median_s == 0.288  # Node 22 as an image


def test_a_scenario_of_the_same_policy_sets_what_the_preset_assumes(tmp_path: Path) -> None:
    own = load_scenario(step(tmp_path)).with_services(
        {"web": {"policy": policy_of(POLICIES["lambda"], {"runtime": "java21", "idle_expiry": "5 min"})}}
    )
    policy = on_platform(own, platform_named("lambda")).services["web"].policy.parameters
    assert (policy.runtime, policy.package, policy.idle_expiry_s) == ("java21", "image", 630.0)


def test_a_platform_that_bills_busy_time_has_an_idle_state(scenario: ScenarioSpec) -> None:
    there = on_platform(scenario, platform_named("cloud-run"))
    assert platform_named("cloud-run").prices.metering is Metering.BUSY
    assert build_policy(there, "web").actuator.activates
    record = play(Run(there), signals=False)
    busy_s = sum(end - begin for usage in record.services[0].usages for begin, end in usage.activations)
    served_s = record.stats_by_source.whole().service.total_ns / 1e9
    assert served_s / 4 < busy_s < served_s + 60  # at most four requests at a time, and hardly any idle time


def test_the_oracle_has_the_actuator_of_what_it_replaces(scenario: ScenarioSpec) -> None:
    actuator = with_oracle(scenario).services["web"].policy.actuator(scenario.services["web"].scaling)
    assert (actuator.start_lag_s, actuator.activates) == (2.0, True)


def test_configured_is_the_scenarios_policy_with_its_parameters(scenario: ScenarioSpec) -> None:
    assert Candidate(CandidateKind.POLICY, "configured").applied(scenario) is scenario


@pytest.mark.case("L23")
def test_each_way_of_starting_instances_has_an_oracle_and_equal_ones_share_it(scenario: ScenarioSpec) -> None:
    candidates = candidates_of(("configured", "knative", "hpa", "predictive-hpa"), ("lambda",), {})
    found = {label: reference.label for label, reference in references(candidates, [scenario]).items()}
    assert found == {
        "configured": "oracle",
        "knative": "oracle as knative",
        "hpa": "oracle as hpa",
        "predictive-hpa": "oracle as hpa",
        "lambda": "oracle on lambda",
    }
    knative = references(candidates, [scenario])["knative"].applied(scenario).services["web"]
    theirs = scenario.with_policy("knative").services["web"]
    assert (knative.policy.name, knative.balancing) == ("oracle", theirs.balancing)
    assert knative.policy.actuator(knative.scaling).start_lag_s == 1.0
    assert references(candidates_of(("oracle", "configured"), (), {}), [scenario])["configured"].label == "oracle"


@pytest.mark.case("X1")
def test_a_policy_and_a_platform_of_one_name_are_distinguished_and_explained(tmp_path: Path) -> None:
    candidates = candidates_of(("lambda",), ("lambda",), {})
    assert [candidate.label for candidate in candidates] == ["lambda", "lambda platform"]
    (case,) = compare(Plan([step(tmp_path)], candidates, baseline="lambda", seeds=1, oracle=False)).cases
    (told,) = (note for note in case.notes if note.startswith("lambda (policy) and lambda platform differ: "))
    assert "MaxConcurrency 4 against 1" in told
    assert "overflow reject against queue" in told
    assert "prices of App Runner against those of the platform" in told


def test_app_runner_as_a_platform_has_no_other_prices_than_as_a_policy(tmp_path: Path) -> None:
    candidates = candidates_of(("app-runner",), ("app-runner",), {})
    (case,) = compare(Plan([step(tmp_path)], candidates, baseline="app-runner", seeds=1, oracle=False)).cases
    assert not [note for note in case.notes if "prices" in note]
    assert case.equal == [["app-runner", "app-runner platform"]]


@pytest.mark.parametrize(
    ("policies", "platforms", "said"),
    [
        (("knative", "knative"), (), "candidate = 'knative' twice"),
        (("a.py:Mine", "b.py:Mine"), (), "candidate = 'Mine' twice"),
        ((), ("beanstalk",), "platform = 'beanstalk', must be one of"),
    ],
)
def test_candidates_that_cannot_be_compared_are_rejected(
    policies: tuple[str, ...], platforms: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        candidates_of(policies, platforms, {})


def test_prices_of_a_file_replace_the_shipped_ones(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(
        "lambda: {gb_hour: 1.0}\nknative: {nodes: 3, node: {vcpu: 4, memory_gb: 16, usd_hour: 2}}\n", encoding="utf-8"
    )
    prices = read_prices(file)
    assert prices["lambda"].gb_hour == 1.0
    assert prices["lambda"].million_requests == platform_named("lambda").prices.million_requests
    assert (prices["knative"].nodes, prices["knative"].node.usd_hour) == (3, 2)  # type: ignore[union-attr]
    assert prices["lambda"].source == "prices.yaml"
    with pytest.raises(ValueError, match=r"prices = lambda, must be of platforms that are compared"):
        candidates_of((), ("knative",), prices)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lambda: {gbhour: 1}", "lambda.gbhour = 1"),
        ("mars: {gb_hour: 1}", "platform = 'mars'"),
        ("lambda: {gb_hour: -1}", "gb_hour = -1.0, must be at least 0"),
        ("[", "must be YAML"),
    ],
)
def test_a_bad_price_file_is_reported_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        read_prices(file)
