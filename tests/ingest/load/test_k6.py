from __future__ import annotations

from pathlib import Path

import pytest

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.k6 import is_k6, k6_plan
from simulator.ingest.load.plan import LoadPlan, LoadRequest, plan_text
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import load_scenario

SCRIPT = """
import http from 'k6/http';
import {{ sleep }} from 'k6';

export const options = {options};

export default function () {{
  http.get(`${{BASE}}/items/${{id}}?page=1`);
  sleep(1);
  http.post('http://127.0.0.1:8080/cart', JSON.stringify({{}}));
}}
"""


def plan_of(tmp_path: Path, options: str) -> LoadPlan:
    path = tmp_path / "script.js"
    path.write_text(SCRIPT.format(options=options))
    file = InputFile(path)
    assert is_k6(file)
    return k6_plan(file)


def shape_of(tmp_path: Path, scenario: str) -> tuple[str, float, float | None]:
    (source,) = plan_of(tmp_path, f"{{ scenarios: {{ one: {scenario} }} }}").sources
    return source.shape, source.from_s, source.until_s


@pytest.mark.parametrize(
    ("scenario", "shape", "until_s"),
    [
        (
            "{ executor: 'constant-arrival-rate', rate: 30, timeUnit: '1m', duration: '2m', preAllocatedVUs: 5 }",
            "clock: {rate: 0.5/s}",
            120,
        ),
        (
            "{ executor: 'ramping-arrival-rate', startRate: 10, stages: [{ target: 50, duration: '30s' }] }",
            "stages: {start: 10/s, spacing: clock, stages: [{duration: 30s, target: 50/s}]}",
            30,
        ),
        (
            "{ executor: 'ramping-vus', startVUs: 0, stages: [{duration:'90s',target:5},{duration:0,target:9}] }",
            "closed: {users: 0, begin: request, stages: [{duration: 90s, target: 5}, {duration: 0s, target: 9}]}",
            90,
        ),
        ("{ executor: 'constant-vus', vus: 7, duration: 5000 }", "closed: {users: 7, begin: request}", 5),
        (
            "{ executor: 'shared-iterations', vus: 3, iterations: 100, maxDuration: '1m' }",
            "closed: {users: 3, begin: request, shared_iterations: 100}",
            60,
        ),
        (
            "{ executor: 'per-vu-iterations', vus: 3, iterations: 5 }",
            "closed: {users: 3, begin: request, iterations: 5}",
            600,
        ),
    ],
)
def test_each_executor_is_a_shape(tmp_path: Path, scenario: str, shape: str, until_s: float) -> None:
    assert shape_of(tmp_path, scenario) == (shape, 0.0, until_s)


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ("{ vus: 10, duration: '30s' }", "closed: {users: 10, begin: request}"),
        ("{ iterations: 9 }", "closed: {users: 1, begin: request, shared_iterations: 9}"),
        (
            "{ stages: [{ duration: '10s', target: 3 }] }",
            "closed: {users: 1, begin: request, stages: [{duration: 10s, target: 3}]}",
        ),
    ],
)
def test_shortcuts_are_the_executors_that_k6_makes_of_them(tmp_path: Path, options: str, shape: str) -> None:
    assert plan_of(tmp_path, options).sources[0].shape == shape


def test_the_calls_are_a_session_with_pauses(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "{ vus: 1, duration: '1s' }")

    assert plan.requests == (LoadRequest("GET", "/items/{id}", "1s"), LoadRequest("POST", "/cart"))


def test_thresholds_are_checks_or_named(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        """{ vus: 1, duration: '1s', thresholds: {
          http_req_duration: ['p(95)<500', 'avg < 200', { threshold: 'p(99.9)<2000', abortOnFail: true }],
          http_req_failed: ['rate<0.01'], http_reqs: ['count>=100'], 'http_req_duration{page:a}': ['p(95)<1'] } }""",
    )

    assert plan.checks == ("p95 < 500 ms", "mean < 200 ms", "p99.9 < 2000 ms", "error_rate < 1 %", "requests >= 100")
    assert "the threshold http_req_duration{page:a}: p(95)<1" in plan.dropped


def test_the_scenario_is_valid_and_starts_each_source_at_its_time(tmp_path: Path) -> None:
    options = """{ thresholds: { http_req_duration: ['p(95)<500'] }, scenarios: {
      warm_up: { executor: 'constant-arrival-rate', rate: 5, duration: '10s' },
      peak: { executor: 'constant-vus', vus: 4, duration: '20s', startTime: '10s' } } }"""
    (tmp_path / "out.yaml").write_text(
        plan_text(plan_of(tmp_path, options), "out", "script.js", {"max_concurrency": 7})
    )

    scenario = load_scenario(tmp_path / "out.yaml")

    assert scenario.duration_s == 30
    assert scenario.services["web"].max_concurrency == 7
    assert [(source.name, source.from_s, source.until_s) for source in scenario.traffic] == [
        ("warm_up", 0, 10),
        ("peak", 10, 30),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("{ scenarios: { a: { executor: 'constant-arival-rate' } } }", "did you mean `constant-arrival-rate`"),
        ("{ vus: __ENV.VUS, duration: '1s' }", "vus = __ENV.VUS, must be a whole number, at least 0; `k6 inspect`"),
        ("{ vus: 3 }", "options = no load, must be scenarios, stages, iterations, or vus with duration"),
        ("{ vus: 3, duration: [1 }", r"options = `,` or `\]` is missing, must be an object literal; `k6 inspect`"),
        ("makeOptions()", r"options = makeOptions\(\), must be an object"),
    ],
)
def test_what_cannot_be_read_is_reported(tmp_path: Path, options: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        plan_of(tmp_path, options)


def test_the_options_that_k6_inspect_prints_have_null_for_what_is_not_set(tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    path.write_text(
        """{
  "paused": null, "vus": null, "duration": null, "iterations": null, "stages": null,
  "scenarios": {"peak": {"executor": "ramping-arrival-rate", "startTime": null, "gracefulStop": null, "exec": null,
    "startRate": 10, "timeUnit": null, "stages": [{"duration": "1m0s", "target": 50}]}},
  "discardResponseBodies": null, "userAgent": "Grafana k6/1.1.0", "thresholds": null
}"""
    )
    file = InputFile(path)

    assert is_k6(file)
    (source,) = k6_plan(file).sources
    assert source.shape == "stages: {start: 10/s, spacing: clock, stages: [{duration: 60s, target: 50/s}]}"


def test_a_scenario_has_the_requests_of_its_function(tmp_path: Path) -> None:
    path = tmp_path / "script.js"
    path.write_text("""
import http from 'k6/http';
export const options = { scenarios: {
  one: { executor: 'constant-vus', vus: 2, duration: '1s' },
  two: { executor: 'constant-vus', vus: 2, duration: '1s', exec: 'browse' } } };
export default () => { http.get(BASE + '/one'); };
export function browse() { if (x) { http.request('DELETE', `${BASE}/two`); } }
""")
    plan = k6_plan(InputFile(path))

    assert [source.requests for source in plan.sources] == [
        (LoadRequest("GET", "/one"),),
        (LoadRequest("DELETE", "/two"),),
    ]


def test_a_function_that_the_script_does_not_have_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"a\.exec = 'browse', must be a function of the script: default"):
        plan_of(tmp_path, "{ scenarios: { a: { executor: 'constant-vus', vus: 1, duration: '1s', exec: 'browse' } } }")


def test_the_pause_at_the_end_of_an_iteration_keeps_the_rate_of_the_users(tmp_path: Path) -> None:
    """Ten users with a request of 100 ms and a pause of 1 s send 10 / 1.1 s requests, as k6 does."""
    path = tmp_path / "script.js"
    script = SCRIPT.format(options="{ vus: 10, duration: '22s' }")
    path.write_text(script.replace("sleep(1);", "").replace("JSON.stringify({}));", "JSON.stringify({})); sleep(1);"))
    plan = k6_plan(InputFile(path))

    assert plan.sources[0].shape == "closed: {users: 10, begin: request, think_time: 1s}"
    assert plan.sources[0].requests == (LoadRequest("GET", "/items/{id}"), LoadRequest("POST", "/cart"))
