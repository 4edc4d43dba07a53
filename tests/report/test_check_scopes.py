"""The data that checks use: sources, paths, instances, bills, shares of the time; and checks that end a run."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from simulator.edge.live.live_settings import LiveSettings
from simulator.lab.compiled.compiled_backend import why_not
from simulator.lab.sweep.grid import GridPoint
from simulator.lab.sweep.point_run import play_point
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord, build_report
from simulator.report.schema import CheckPart
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, ScenarioText, read_scenario

# One instance with 3 slots and 1 s of work: 3/s are served. Of 4/s a quarter is rejected, all of them in the second
# half.
TWO_SOURCES = """
duration: 40s
seed: 3
services:
  web:
    max_concurrency: 3
    min_size: 1
    max_size: 2
    policy: fixed
    application: {simulated: {io: 900ms}}
  api: {policy: fixed, application: {simulated: {io: 50ms}}}
traffic:
  - {name: calm, service: web, until: 20s, clock: {rate: 1/s}}
  - name: rush
    service: web
    from: 20s
    clock: {rate: 10/s}
    requests: [{path: /a, name: first}, {path: "/b?x=1"}]
  - {name: quick, service: api, clock: {rate: 2/s}}
"""


def checked(*checks: object, text: str = TWO_SOURCES) -> list[CheckPart]:
    return build_report(played(text, *checks)).checks


def played(text: str, *checks: object, live: LiveSettings | None = None) -> RunRecord:
    return play(Run(read_scenario(f"{text}checks: {json.dumps(checks)}\n"), live), signals=False)


def values(*checks: str) -> list[float | None]:
    return [check.value for check in checked(*checks)]


@pytest.mark.case("L64")
def test_a_check_of_a_source_counts_its_requests_only() -> None:
    assert values("calm: requests > 0", "requests{source:rush} > 0", "web: requests > 0", "requests > 0") == [
        *(20, 200, 220, 300),
    ]
    calm, rush = checked("calm: error_rate < 1 %", "rush: error_rate < 1 %")
    assert (calm.value, calm.passed, rush.passed) == (0, True, False)


@pytest.mark.case("L64")
def test_a_check_of_a_path_counts_its_requests_only_and_paths_add_up() -> None:
    first, second, with_query, named = values(
        "requests{path:/a} > 0", "requests{path:/b} > 0", "requests{path:/b?x=1} > 0", "rush: requests{name:first} > 0"
    )
    assert first is not None
    assert second is not None
    assert 60 < first < 140
    assert (first + second, with_query, named) == (200, second, first)


@pytest.mark.case("L64")
def test_counting_paths_apart_changes_no_other_figure() -> None:
    apart, together = (build_report(played(TWO_SOURCES, text)) for text in ("p95{path:/a} < 9s", "p95 < 9s"))
    assert apart.model_copy(update={"checks": [], "digest": "", "scenario": together.scenario}) == together.model_copy(
        update={"checks": [], "digest": ""}
    )


@pytest.mark.case("L64")
def test_the_rows_of_paths_carry_their_source() -> None:
    scenario = read_scenario(f"{TWO_SOURCES}checks: ['p95{{path:/a}} < 9s']\n")
    rows = io.StringIO()
    play(Run(scenario, csv=rows), signals=False)
    named = [row.partition(",")[0] for row in rows.getvalue().splitlines()[1:]]
    assert {name: named.count(name) for name in set(named)} == {"calm": 20, "rush": 200, "quick": 80}


@pytest.mark.case("L64")
def test_instances_and_money_can_be_checked() -> None:
    report = build_report(
        played(TWO_SOURCES, "web: instances <= 2", "instances < 9", "mean_instances < 9", "usd < 1", "api: usd < 1")
    )
    web, api = report.services
    assert [check.value for check in report.checks] == pytest.approx(
        [1, 2, 2, web.cost.run.usd + api.cost.run.usd, api.cost.run.usd]
    )


@pytest.mark.case("L64")
def test_a_share_of_the_time_is_that_of_the_bins_in_which_the_check_passes() -> None:
    half, instances = checked("web: error_rate < 1 % for 60 % of the time", "api: instances == 1 for 99 % of the time")
    assert (half.passed, half.unit, instances.passed, instances.value) == (False, "ratio", True, 1.0)
    assert half.value == 0.5  # 20 s of 40 s: each second of the rush has rejections
    assert "50.00% of the time is not >= 0.6" in half.reason


@pytest.mark.case("L64")
def test_a_failing_check_can_end_the_run_and_the_report_has_the_time() -> None:
    report = build_report(played(TWO_SOURCES, {"check": "web: error_rate < 1 %", "abort_on_fail": True}))
    assert 20 < report.run.ended_s <= 23
    assert (report.run.complete, report.passed, report.checks[0].passed) == (True, False, False)
    assert [act.action for act in report.timeline] == ["abort_on_fail"]


@pytest.mark.case("L64")
def test_a_check_that_may_end_the_run_waits_for_its_delay() -> None:
    check = {"check": "web: error_rate < 1 %", "abort_on_fail": True, "delay_abort_eval": "30s"}
    assert 30 <= build_report(played(TWO_SOURCES, check)).run.ended_s < 32


@pytest.mark.case("L64")
def test_an_unknown_scope_of_a_check_is_rejected_with_the_known_ones() -> None:
    with pytest.raises(ScenarioError) as raised:
        played(TWO_SOURCES, "clam: p95 < 1s", "p95{path:/c} < 1s", "calm: usd < 1", "p95{name:fist} < 1s")
    texts = [str(problem) for problem in raised.value.problems]
    assert all(hint in text for hint, text in zip(("calm", "/b?x=1", "about a service", "first"), texts, strict=True))


def single(check: str) -> ScenarioSpec:
    text = TWO_SOURCES.replace("  api: {policy: fixed, application: {simulated: {io: 50ms}}}\n", "")
    return read_scenario(text.replace("service: api", "service: web") + f"checks: [{check}]\n")


@pytest.mark.case("L64")
def test_the_compiled_backend_says_what_it_cannot_check() -> None:
    assert why_not(single("'p95 < 1s'")) == ""
    assert why_not(single("'p95{path:/a} < 1s'")) == ""
    assert "end the run" in why_not(single("{check: p95 < 1s, abort_on_fail: true}"))


RETRIES = """
duration: 20s
services:
  web: {max_concurrency: 1, min_size: 1, max_size: 1, policy: fixed, application: {simulated: {io: 150ms}}}
traffic:
  - {name: visitors, until: 19s, clock: {rate: 10/s}, retry: {attempts: 2, wait: 60ms%s}}
"""


@pytest.mark.case("L64")
def test_requests_that_fail_after_retries_are_fewer_than_failed_attempts() -> None:
    report = build_report(played(RETRIES % "", "error_rate < 1", "error_rate_after_retries < 1", "failed_ratio < 1"))
    attempts, users, failed = (check.value or 0.0 for check in report.checks)
    requests, lost = report.requests.requests, report.requests.rejected
    # There were 190 users, and each further attempt is a retry of a rejected one.
    assert users == pytest.approx((lost - (requests - 190)) / 190)
    assert (users < attempts, failed) == (True, 0)


@pytest.mark.case("L72")
@pytest.mark.parametrize(("on", "requests"), [("[5xx, no_answer]", 190), ("[429]", None), ('["429", 5xx]', None)])
def test_clients_retry_after_429_only_if_configured(on: str, requests: int | None) -> None:
    report = build_report(played(RETRIES % f", on: {on}", "requests > 0"))
    assert report.requests.rejected > 0
    assert (report.requests.requests == 190) == (requests == 190)


@pytest.mark.case("L64", "L72")
def test_on_the_real_clock_retries_are_counted_and_a_check_ends_the_run_too(tmp_path: Path) -> None:
    text = RETRIES.replace("20s", "4s").replace("until: 19s, ", "") % ", on: [429]"
    aborting = {"check": "rejected_ratio < 1 %", "abort_on_fail": True, "delay_abort_eval": "1s"}
    report = build_report(
        played(text, "error_rate < 1", "error_rate_after_retries < 1", aborting, live=LiveSettings(tmp_path))
    )
    attempts, users, _ = (check.value or 0.0 for check in report.checks)
    assert 0 < users < attempts
    assert (report.run.complete, report.passed) == (True, False)
    assert 1 <= report.run.ended_s < 4


@pytest.mark.case("L64")
def test_points_of_a_sweep_are_played_to_their_end(tmp_path: Path) -> None:
    aborting = {"check": "error_rate < 1 %", "abort_on_fail": True}
    file = tmp_path / "scenario.yaml"
    file.write_text(RETRIES % "" + f"checks: {json.dumps([aborting])}\n", encoding="utf-8")
    row = play_point(ScenarioText.of(file), GridPoint(0, (), 1))
    assert (row["passed"], row["requests"]) == (False, build_report(played(RETRIES % "")).requests.requests)
