"""Policy parameters in a scenario file, including lists, and the places of their errors."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.rules.policies.kubernetes.hpa_behaviour import RateLimit
from simulator.rules.policies.oracle import OracleParameters
from simulator.rules.policies.registry import POLICIES
from simulator.rules.policies.scheduled import ScheduleEntry
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario
from simulator.scenario.sections.policy_spec import policy_named
from tests.scenario.scenario_texts import scenario_of, scenario_text


def parameters_of(policy: str) -> object:
    return scenario_of(service=f"policy: {policy}").services["web"].policy.parameters


@pytest.mark.parametrize("name", POLICIES)
def test_a_bare_name_has_the_defaults_of_the_policys_own_class(name: str) -> None:
    assert policy_named(name).parameters == POLICIES[name].parameters()


def test_a_list_of_sections_becomes_the_policys_own_values() -> None:
    told = parameters_of("{name: scheduled, schedule: [{at: 8h, instances: 5}, {at: 18h, instances: 1}]}")
    assert told == POLICIES["scheduled"].parameters(schedule=(ScheduleEntry(28800.0, 5), ScheduleEntry(64800.0, 1)))


def test_a_missing_key_of_an_item_has_its_default() -> None:
    told = parameters_of("{name: hpa, scale_up_limits: [{pods: 2, period: 1 min}, {share: 50 %}]}")
    limits = (RateLimit(pods=2, period_s=60.0), RateLimit(share=0.5))
    assert told == POLICIES["hpa"].parameters(scale_up_limits=limits)


def test_a_list_of_plain_values() -> None:
    assert parameters_of("{name: oracle, demand: [1, 2, 5]}") == OracleParameters(demand=(1, 2, 5))


def test_null_is_accepted_for_an_optional_key() -> None:
    assert parameters_of("{name: cloud-run, cpu_target: null}") == POLICIES["cloud-run"].parameters(cpu_target=None)


def test_the_needs_of_a_policy_depend_on_its_parameters() -> None:
    assert policy_named("hpa").needs == {"cpu"}
    assert scenario_of(service="policy: {name: hpa, metric: concurrency}").services["web"].policy.needs == frozenset()


@pytest.mark.parametrize(
    ("policy", "path", "expected"),
    [
        ("{name: scheduled, schedule: [{at: 1h}, {att: 2h}]}", "schedule[1].att", "a known key: at, instances"),
        ("{name: scheduled, schedule: [{at: 1h}, {at: 2}]}", "schedule[1].at", "a duration"),
        ("{name: scheduled, schedule: [{instances: -3}]}", "schedule[0].instances", "0 to 1000"),
        ("{name: scheduled, schedule: [5]}", "schedule[0]", "a mapping"),
        ("{name: scheduled, schedule: {at: 1h}}", "schedule", "a list"),
        ("{name: scheduled, schedule: [{at: 2h}, {at: 1h}]}", "schedule", "in ascending order of at"),
        ("{name: step-scaling, scale_out: [{by: 10 %, lower: 0.2, upper: 0.1}]}", "scale_out[0].lower", "below upper"),
        ("{name: hpa, scale_up_limits: [{pods: 3, share: 10 %}]}", "scale_up_limits[0].pods", "left out where share"),
        ("{name: oracle, demand: [1, x]}", "demand[1]", "a whole number"),
        ("{name: target-tracking, metric: requests}", "metric", "given with a target"),
    ],
)
def test_an_error_of_an_item_has_the_items_place(policy: str, path: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_scenario(scenario_text(service=f"policy: {policy}"))
    (problem,) = caught.value.problems
    assert problem.path == f"services.web.policy.{path}"
    assert problem.expected.startswith(expected)


def test_another_process_gets_the_checked_scenario_with_its_policy(tmp_path: Path) -> None:
    """The section classes of policies are made on demand, so the other process has to make them too."""
    text = scenario_text(service="policy: {name: scheduled, schedule: [{at: 8h, instances: 5}]}")
    scenario, sent = read_scenario(text), tmp_path / "scenario"
    sent.write_bytes(pickle.dumps(scenario))
    program = "import pickle, sys; got = pickle.load(open(sys.argv[1], 'rb')); print(got.services['web'].policy)"
    answer = subprocess.run([sys.executable, "-c", program, str(sent)], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == str(scenario.services["web"].policy)
    assert pickle.loads(sent.read_bytes()) == scenario


@pytest.mark.parametrize("name", POLICIES)
def test_the_section_of_each_policy_can_be_pickled(name: str) -> None:
    policy = policy_named(name)
    again = pickle.loads(pickle.dumps(policy))
    assert again == policy
    assert again.parameters == policy.parameters
