"""A policy in a scenario scales, or a note says why it cannot; and what `--policy` changes in addition to the
policy.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from simulator.replay.runner import Run, play
from simulator.replay.service_plans import service_plan
from simulator.report.report import RunRecord, build_report
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.scenario import ScenarioSpec, load_scenario, read_scenario
from simulator.traffic.policy_fit import NoteKind, adapted_parameters, policy_notes
from simulator.traffic.signal_levels import cpu_at_most
from simulator.world.clock import ClockKind

SHIPPED = Path("scenarios")
OVERLOAD = """
duration: 8m
services:
  web:
    max_concurrency: {slots}
    min_size: 1
    max_size: 9
    overflow: {overflow}
    application: {{simulated: {application}}}
traffic: [{{poisson: {{rate: {rate}}}}}]
"""
# The work of an application, and an overload for it: (simulated, MaxConcurrency, rate).
APPLICATIONS = {
    "io": ("{io: 1s}", 2, "5/s"),
    "cpu": ("{cpu: 700ms}", 2, "4/s"),
    "mixed": ("{cpu: 100ms, io: 900ms}", 4, "9/s"),
    "workers": ("{io: 500ms, workers: 1}", 3, "6/s"),
}
OVERFLOWS = {"reject": "reject", "queue": "{mode: queue, wait: 5s, queue: 20}"}


def scenario(text: str) -> ScenarioSpec:
    return read_scenario(text)


def overload(application: str, overflow: str) -> str:
    simulated, slots, rate = APPLICATIONS[application]
    return OVERLOAD.format(application=simulated, overflow=OVERFLOWS[overflow], slots=slots, rate=rate)


def played(told: ScenarioSpec) -> RunRecord:
    return play(Run(told), signals=False)


def scales(record: RunRecord) -> bool:
    (service,) = build_report(record).services
    return service.instances.ready_max > service.min_size


def has_no_severe_note(told: ScenarioSpec) -> bool:
    """Return True if no note is about a policy that does not act."""
    return not any(note.kind in {NoteKind.CANNOT_ACT, NoteKind.BASELINE} for note in policy_notes(told))


ALL = [(application, overflow) for application in APPLICATIONS for overflow in OVERFLOWS]
QUICK = {("io", "reject"), ("cpu", "queue")}


@pytest.mark.case("X1")
@pytest.mark.parametrize(
    ("application", "overflow"),
    [pytest.param(*pair, marks=() if pair in QUICK else pytest.mark.slow) for pair in ALL],
)
def test_every_policy_scales_under_an_overload_or_gives_a_reason(application: str, overflow: str) -> None:
    told = scenario(overload(application, overflow))
    for name in POLICIES:
        # Set in the file, so that the behaviour of the policy's platform is not selected.
        chosen = told.with_services({"web": {"policy": told.with_policy(name).services["web"].policy}})
        assert scales(played(chosen)) is has_no_severe_note(chosen), (
            name,
            [note.text for note in policy_notes(chosen)],
        )


@pytest.mark.case("X1")
@pytest.mark.parametrize("name", ["lambda", "scale-per-request", "knative", "cloud-run", "keda-http"])
def test_a_policy_selected_by_name_also_selects_the_queue_that_it_scales_on(name: str) -> None:
    told = scenario(overload("io", "reject").replace("    overflow: reject\n", ""))
    chosen = told.with_policy(name)
    assert chosen.services["web"].overflow.mode == "queue"
    assert any(note.kind is NoteKind.BROUGHT and "overflow queue" in note.text for note in policy_notes(chosen))
    # Settings of the file remain.
    kept = scenario(overload("io", "reject")).with_policy(name).services["web"]
    assert kept.overflow.mode == "reject"
    assert kept.max_concurrency == 2


def test_selecting_the_policy_of_the_scenario_changes_nothing_else() -> None:
    told = load_scenario(SHIPPED / "flash-sale.yaml")
    assert told.with_policy("app-runner").brought == {}


def test_a_platform_selected_by_name_that_bills_busy_time_distinguishes_busy_and_idle() -> None:
    told = scenario(overload("io", "queue")).with_policy("lambda")
    plan = service_plan(told, "web", ClockKind.VIRTUAL)
    assert plan.policy.actuator.activates
    assert plan.policy.actuator.idle_expiry_s == 630
    assert plan.settings.idle_after_s == 0.001


@pytest.mark.case("X1")
@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("lambda", "lambda scales on queued requests; web rejects them, so it cannot scale out"),
        ("{name: lambda}", "use the platform preset lambda or `overflow: queue`"),
        ("hpa", "hpa scales on CPU; the application of web uses none"),
        ("scheduled", "scheduled has no schedule"),
        ("fixed", "fixed never changes the number of instances"),
        ("keda-http", "above 110 requests in progress at each instance; web admits 2 and rejects the rest"),
        ("container-apps", "above 11 requests/s at each instance; the traffic of web never reaches that"),
        ("heroku", "above a 95th percentile of 500ms"),
        ("aws-predictive", "forecasts after 24h00m00s of history; the run lasts 8m00s"),
        ("holt-winters", "until then it only follows the mean load of the last minute"),
        ("target-tracking", "scales on CPU"),
        ("{name: target-tracking, metric: concurrency, out_points: 8}", "scales out 10m30s after an overload"),
        ("cloud-run", "needs up to 15m00s for its slowest window or delay"),
    ],
)
def test_the_reason_has_a_hint(policy: str, said: str) -> None:
    text = OVERLOAD.format(application="{io: 400ms}", overflow="reject", slots=2, rate="5/s")
    text = text.replace("    min_size: 1", f"    policy: {policy}\n    min_size: 1")
    assert said in " ".join(note.text for note in policy_notes(scenario(text)))


def test_a_maximum_without_room_is_reported_too() -> None:
    text = overload("io", "queue").replace("max_size: 9", "max_size: 1")
    assert "cannot add instances: web starts with 1 instances" in policy_notes(scenario(text))[0].text


def test_the_cpu_of_a_full_instance() -> None:
    """Four slots with 100 ms of work and 900 ms of waiting use 0.4 vCPU, as in a run of one full instance."""
    told = scenario(overload("mixed", "reject").replace("max_size: 9", "max_size: 1").replace("9/s", "90/s"))
    web = told.services["web"]
    assert web.application.simulated is not None
    bound = cpu_at_most(web, web.application.simulated)
    record = played(told)
    used = record.stats_by_source.whole().served * 0.1 / record.ended_s
    assert math.isclose(bound, 0.4)
    assert 0.9 * bound < used <= bound * 1.01


@pytest.mark.case("X1")
def test_the_report_begins_with_the_reason_and_its_digest_does_not_change() -> None:
    told = scenario(overload("io", "reject")).with_policy("hpa")
    report = build_report(played(told))
    assert [(note.kind, note.service, note.policy) for note in report.notes] == [("cannot act", "web", "hpa")]


def test_parameters_that_differ_from_the_defaults_are_listed() -> None:
    first = load_scenario(SHIPPED / "first-look.yaml").services["web"].policy
    assert "window 4s (default 1m00s)" in adapted_parameters(first)
    flash_sale = load_scenario(SHIPPED / "flash-sale.yaml")
    assert [adapted_parameters(service.policy) for service in flash_sale.services.values()] == [""]
