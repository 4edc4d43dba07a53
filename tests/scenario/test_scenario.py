"""Scenario files: the values of valid ones, and all errors of invalid ones at once, each with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.health import HealthCheck
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.problems import Problem, ScenarioError
from simulator.scenario.scenario import load_scenario, read_scenario
from simulator.scenario.sections.timeline_spec import KillInstanceSpec
from simulator.world.distributions import Constant, Exponential, LogNormal
from tests.scenario.scenario_texts import scenario_of, scenario_text


def problems_of(text: str, folder: Path = Path()) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as caught:
        read_scenario(text, file="f.yaml", folder=folder)
    return caught.value.problems


def only(problems: tuple[Problem, ...]) -> Problem:
    assert len(problems) == 1, "\n".join(map(str, problems))
    return problems[0]


# --- good files ------------------------------------------------------------------------------------


def test_missing_keys_have_app_runners_defaults() -> None:
    service = scenario_of().services["web"]

    assert service.size == InstanceSize(1024, 2048)
    assert service.scaling == AutoScalingConfiguration(100, 1, 25)
    assert service.health_check == HealthCheck()
    assert service.policy.parameters == POLICIES["app-runner"].parameters()
    assert (service.overflow.mode, service.request_timeout_s, service.ready_at_start) == ("reject", 120, 1)


def test_quantities_are_seconds_units_and_bytes() -> None:
    scenario = scenario_of(
        duration="1h30m",
        service="wake: 100ms",
        traffic="{poisson: {rate: 600/min}, from: 10s, requests: [{request_size: 2 KB}]}",
    )

    assert scenario.duration_s == 5400
    assert scenario.services["web"].wake.distribution == Constant(0.1)
    source = scenario.traffic[0]
    assert source.poisson is not None
    assert (source.poisson.rate_rps, source.from_s, source.requests[0].request_size_bytes) == (10, 10, 2048)


def test_distributions_have_short_and_long_forms() -> None:
    text = scenario_text().replace(
        "{cpu: 5ms}", "{cpu: 5ms, io: {exponential: 80ms}, start_up: {lognormal: {mean: 3s, sd: 1s}}}"
    )
    simulated = read_scenario(text).services["web"].application.simulated

    assert simulated is not None
    assert simulated.cpu.distribution == Constant(0.005)
    assert simulated.io.distribution == Exponential(0.08)
    assert simulated.start_up.distribution == LogNormal.of_mean(3, 1)


def test_a_policy_is_a_name_or_a_name_with_parameters_in_the_files_units() -> None:
    bare = scenario_of(service="policy: knative").services["web"].policy
    told = scenario_of(service="policy: {name: knative, stable_window: 30s, target: 70 %}").services["web"].policy

    assert bare.parameters == POLICIES["knative"].parameters()
    assert told.parameters == POLICIES["knative"].parameters(stable_window_s=30.0, target=0.7)
    assert told.kind is POLICIES["knative"]


def test_the_only_service_need_not_be_named() -> None:
    scenario = scenario_of(traffic="{clock: {rate: 1/s}}", timeline="{at: 5s, kill_instance: {}}")

    assert scenario.traffic[0].service == "web"
    assert scenario.traffic[0].name == "clock-1"
    assert scenario.timeline[0].action == KillInstanceSpec.model_validate({"service": "web"})


def test_prices_are_a_regions_with_single_ones_replaced() -> None:
    rates = scenario_of(service="prices: {region: ap-northeast-1, active_vcpu_hour: 0.1}").services["web"].prices.rates

    assert (rates.active_vcpu_hour, rates.active_gb_hour) == (0.1, 0.009)


def test_files_are_looked_up_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("t,n\n0,5\n")
    scenario = scenario_of(tmp_path, traffic="{bins: {file: d.csv, bin: 1min}}")

    assert scenario.traffic[0].bins is not None
    assert scenario.traffic[0].bins.file == tmp_path / "d.csv"


def test_a_command_line_is_split_into_words_and_python_is_this_python() -> None:
    text = scenario_text().replace("simulated: {cpu: 5ms}", "process: {command: python 'my app.py' -v}")
    process = read_scenario(text).services["web"].application.process

    assert process is not None
    assert process.command == ("python", "my app.py", "-v")
    assert Path(process.arguments[0]).is_absolute()


def test_virtual_time_requires_a_simulated_application() -> None:
    text = scenario_text().replace("simulated: {cpu: 5ms}", "process: {command: serve}")
    scenario = read_scenario(text)

    scenario.require("real")
    with pytest.raises(ScenarioError, match=r"services\.web\.application\.simulated = nothing") as caught:
        scenario.require("virtual")
    assert caught.value.problems[0].line == 5


def test_another_policy_has_its_defaults_in_every_service() -> None:
    scenario = scenario_of(service="policy: {name: app-runner, window: 5s}").with_policy("fixed")

    assert scenario.services["web"].policy.parameters == POLICIES["fixed"].parameters()


def test_another_policy_must_exist_and_be_able_to_scale_to_zero_where_needed() -> None:
    with pytest.raises(ValueError, match="must be one of app-runner"):
        scenario_of().with_policy("nonsense")
    with pytest.raises(ValueError, match="must scale to zero"):
        scenario_of(service="policy: knative\n    min_size: 0").with_policy("fixed")


def test_another_seed_changes_nothing_else() -> None:
    scenario = scenario_of()

    assert scenario.with_seed(9) == scenario.model_copy(update={"seed": 9})


# --- bad files -------------------------------------------------------------------------------------

BAD = """\
duration: 60
servcies: {}
services:
  web:
    memory: 12 GB
    max_concurency: 10
    min_size: 5
    max_size: 3
    balancing: least-outstandin
    health_check: {interval: 50s}
    policy: {name: app-runner, windw: 10s, target_utilisation: 3, tick: 2h}
    application: {simulated: {cpu: 5mss, io: {exponential: 80ms, constant: 3s}}}
  api:
    min_size: 0
    policy: knativ
    overflow: {mode: reject, wait: 3s}
    application: {}
traffic:
  - poisson: {rate: 50}
    service: wob
  - {service: web, bins: {file: nope.csv, bin: 1min}}
timeline:
  - {at: 5s, kill_instance: {}, rate: {factor: 2, source: absent}}
checks: ["p95 < 300", "wob: p95 < 3s"]
"""


def test_a_bad_file_gets_every_error_at_once_sorted_by_line() -> None:
    told = [(problem.line, problem.path) for problem in problems_of(BAD)]

    assert told == [
        (1, "duration"),
        (2, "servcies"),
        (5, "services.web.memory"),
        (6, "services.web.max_concurency"),
        (7, "services.web.min_size"),
        (9, "services.web.balancing"),
        (10, "services.web.health_check.interval"),
        (11, "services.web.policy.windw"),
        (11, "services.web.policy.target_utilisation"),
        (11, "services.web.policy.tick"),
        (12, "services.web.application.simulated.cpu"),
        (12, "services.web.application.simulated.io"),
        (15, "services.api.policy"),
        (16, "services.api.overflow.wait"),
        (17, "services.api.application"),
        (19, "traffic[0].poisson.rate"),
        (20, "traffic[0].service"),
        (21, "traffic[1].bins.file"),
        (23, "timeline[0]"),
        (23, "timeline[0].kill_instance.service"),
        (23, "timeline[0].rate.source"),
        (24, "checks[0]"),
        (24, "checks[1]"),
    ]


def test_a_problem_has_its_place_and_the_nearest_key() -> None:
    problem = only(problems_of(scenario_text(service="max_concurency: 10")))

    assert (problem.line, problem.column, problem.nearest) == (6, 5, "max_concurrency")
    text = str(problem)
    assert text.startswith("f.yaml:6:5: services.web.max_concurency = 10, must be a known key: cpu, memory, ")
    assert text.endswith("; did you mean `max_concurrency`?")


@pytest.mark.parametrize(
    ("service", "path", "expected"),
    [
        ("max_concurrency: 500", "max_concurrency", "at most 200"),
        ("max_concurrency: 10.5", "max_concurrency", "a whole number"),
        ("max_concurrency: '10'", "max_concurrency", "a whole number"),
        ("cpu: 3 vCPU", "cpu", "one of 0.25 vCPU, 0.5 vCPU, 1 vCPU, 2 vCPU, 4 vCPU"),
        ("memory: 12 GB", "memory", "2 GB, 3 GB, 4 GB with 1 vCPU"),
        ("memory: lots", "memory", "a size such as 2 GB or 2048"),
        ("wake: 1e999s", "wake", "a finite number"),
        ("wake: 5", "wake", "a duration: a number with a unit, such as 250ms, 90s, 5 min or 1h30m"),
        ("request_timeout: 0", "request_timeout", "above 0"),
        ("health_check: {interval: 30s}", "health_check.interval", "at most 20s"),
        ("balancing: newest", "balancing", "least-outstanding, round-robin, two-choices, random or newest-first"),
        ("policy: {window: 5s}", "policy", "a mapping with a name"),
        ("policy: {name: fixed, instances: two}", "policy.instances", "a whole number"),
        ("policy: {name: app-runner, window: 2.5s}", "policy.window", "whole seconds, 1s to 3600s"),
        ("min_size: 0", "min_size", "at least 1 with policy app-runner; 0 works with "),
        ("initial_size: 30", "initial_size", "at most max_size = 25"),
        ("prices: {region: mars-1}", "prices.region", "one of us-east-1, "),
        ("overflow: wait", "overflow.mode", "reject or queue"),
        ("secrets: {KEY: name}", "secrets", "left out, or aws have an endpoint or a secrets_file"),
        ("instance_role: 'arn:aws:iam::111122223333:role/web'", "instance_role", "left out, or aws have an endpoint"),
        ("throttling: half", "throttling", "none, share or freeze"),
    ],
)
def test_the_error_of_a_bad_value_of_a_service_names_what_is_expected(service: str, path: str, expected: str) -> None:
    problem = only(problems_of(scenario_text(service=service)))

    assert problem.path in {f"services.web.{path}", f"services.web.{path.rpartition('.')[0]}"}
    assert problem.expected.startswith(expected)


@pytest.mark.parametrize(
    ("parts", "path", "expected"),
    [
        ({"top": "warm_up: 60s"}, "warm_up", "below duration = 1m00s"),
        ({"top": "seed: -1"}, "seed", "at least 0"),
        ({"top": "version: 2"}, "version", "1"),
        ({"traffic": "{clock: {rate: 1/s}, from: 60s}"}, "traffic[0].from", "below duration"),
        ({"traffic": "{clock: {rate: 1/s}, from: 5s, until: 5s}"}, "traffic[0].until", "above from = 5s"),
        ({"traffic": "{}"}, "traffic[0]", "exactly one of clock"),
        ({"traffic": "{clock: {rate: 1/s}, poisson: {rate: 1/s}}"}, "traffic[0]", "exactly one of clock"),
        ({"traffic": "{closed: {users: 3}, scale: 2}"}, "traffic[0].scale", "left out with closed"),
        ({"traffic": "{sine: {low: 2/s, high: 1/s, period: 60s}}"}, "traffic[0].sine.high", "at least low = 2/s"),
        ({"traffic": "{sine: {low: 1/s, high: 2/s, period: 1ms}}"}, "traffic[0].sine.period", "at least 15ms"),
        ({"traffic": "{clock: {rate: 1e999/s}}"}, "traffic[0].clock.rate", "a finite number"),
        (
            {"traffic": "{clock: {rate: 1/s}, requests: [{request_size: 1e999 GB}]}"},
            "traffic[0].requests[0].request_size",
            "a size: a finite number of bytes",
        ),
        (
            {"timeline": "{at: 5s, update_auto_scaling: {min_size: 0}}"},
            "timeline[0].update_auto_scaling.min_size",
            "at least 1 with policy app-runner",
        ),
        ({"traffic": "{steps: {levels: []}}"}, "traffic[0].steps.levels", "at least 1 long"),
        ({"timeline": "{at: 60s, kill_instance: {}}"}, "timeline[0].at", "below duration"),
        ({"timeline": "{at: 5s}"}, "timeline[0]", "exactly one of kill_instance"),
        (
            {"timeline": "{at: 5s, update_auto_scaling: {min_size: 9}}, {at: 9s, update_auto_scaling: {max_size: 8}}"},
            "timeline[1].update_auto_scaling.max_size",
            "in order: min_size = 9 would exceed max_size = 8",
        ),
        (
            {"traffic": "{name: us, closed: {users: 1}}", "timeline": "{at: 1s, rate: {source: us, factor: 2}}"},
            "timeline[0].rate.source",
            "an open source",
        ),
        (
            {"traffic": "{name: a, clock: {rate: 1/s}}, {name: a, clock: {rate: 1/s}}"},
            "traffic[1].name",
            "unique; traffic[0] has it too",
        ),
        ({"checks": '"p95 < 300"'}, "checks[0]", "a duration"),
    ],
)
def test_the_error_of_a_violated_rule_names_what_is_expected(parts: dict[str, str], path: str, expected: str) -> None:
    problem = only(problems_of(scenario_text(**parts)))

    assert problem.path == path
    assert problem.expected.startswith(expected)


def test_a_missing_key_is_named() -> None:
    problems = problems_of("name: x\n")

    assert [(problem.path, problem.expected) for problem in problems] == [("duration", "given"), ("services", "given")]


def test_a_column_that_the_file_does_not_have_is_an_error_of_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("time,requests\n0,5\n")
    problem = only(problems_of(scenario_text(traffic="{bins: {file: d.csv, bin: 1s, column: request}}"), tmp_path))

    assert (problem.path, problem.nearest) == ("traffic[0].bins.column", "requests")


def test_a_file_that_cannot_be_read_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"name: x\nx: caf\xe9\n")

    with pytest.raises(ScenarioError, match=r"missing\.yaml:1:1: .*No such file"):
        load_scenario(tmp_path / "missing.yaml")
    with pytest.raises(ScenarioError, match=r"latin\.yaml:2:1: .*not UTF-8"):
        load_scenario(tmp_path / "latin.yaml")
    with pytest.raises(ScenarioError, match="Is a directory"):
        load_scenario(tmp_path)


KEYS = st.sampled_from(["services", "web", "policy", "name", "traffic", "bins", "at", "rate", "checks", "duration"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["5s", "x", "app-runner", "1/s", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(data=st.dictionaries(KEYS | st.sampled_from(["timeline", "warm_up"]), VALUES, max_size=6))
def test_any_file_gives_a_scenario_or_located_problems(data: dict[str, object]) -> None:
    try:
        read_scenario(json.dumps(data))
        problems: tuple[Problem, ...] = ()
    except ScenarioError as error:
        problems = error.problems

    assert all(problem.line >= 1 and problem.expected for problem in problems)
