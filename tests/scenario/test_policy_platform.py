"""The settings that a policy chosen by name gets from its platform, and those that the file keeps."""

from __future__ import annotations

import pytest

from simulator.rules.platforms.behaviour import behaviour_of
from simulator.scenario.policy_platform import behaviour_changes, brought_text, policy_with_platform, preset_policy
from simulator.scenario.scenario import read_scenario
from simulator.scenario.sections.service_spec import ServiceSpec

TEXT = """
duration: 1 min
services: {web: {application: {simulated: {io: 1ms}}%s}}
traffic: [{clock: {rate: 1/s}}]
"""


def service(more: str = "") -> ServiceSpec:
    return read_scenario(TEXT % more).services["web"]


def test_lambda_sets_its_queue_and_reports_it() -> None:
    behaviour = behaviour_of("lambda")
    assert behaviour is not None
    given = service()
    changes = policy_with_platform(given, preset_policy(given, behaviour, "lambda"))
    assert changes.keys() - {"policy"} == behaviour_changes(behaviour).keys()
    assert brought_text(given, changes).startswith("lambda brings what belongs to its platform: overflow ")


def test_settings_of_the_file_are_kept() -> None:
    given = service(", overflow: reject")
    behaviour = behaviour_of("lambda")
    assert behaviour is not None
    assert "overflow" not in policy_with_platform(given, preset_policy(given, behaviour, "lambda"))


@pytest.mark.parametrize("name", ["fixed", "hpa"])
def test_a_policy_for_any_platform_changes_nothing_else(name: str) -> None:
    given = service()
    policy = read_scenario(TEXT % f", policy: {name}").services["web"].policy
    changes = policy_with_platform(given, policy)
    assert changes == {"policy": policy}
    assert brought_text(given, changes) == ""


@pytest.mark.parametrize(("start_up", "wait_s"), [("0s", 10.0), ("2s", 10.0), ("4s", 3.5 * 4.1)])
def test_cloud_run_queues_a_request_for_three_and_a_half_mean_starts_or_ten_seconds(
    start_up: str, wait_s: float
) -> None:
    """The mean start is the placement of 0.1 s and the application's own."""
    given = read_scenario(TEXT.replace("io: 1ms", f"io: 1ms, start_up: {start_up}") % "").services["web"]
    behaviour = behaviour_of("cloud-run")
    assert behaviour is not None
    changes = policy_with_platform(given, preset_policy(given, behaviour, "cloud-run"))
    assert changes["overflow"].wait_s == pytest.approx(wait_s)


@pytest.mark.parametrize("name", ["lambda", "cloud-run"])
def test_a_platform_that_marks_idle_instances_for_the_bill_only_has_no_wake(name: str) -> None:
    given, behaviour = service(), behaviour_of(name)
    assert behaviour is not None
    changes = policy_with_platform(given, preset_policy(given, behaviour, name))
    assert changes["wake"].distribution.mean == 0
    assert "idle instances that answer at once" in brought_text(given, changes)
    slow = service(", wake: 50ms")
    assert "wake" not in policy_with_platform(slow, preset_policy(slow, behaviour, name))


def test_app_runner_keeps_its_wake() -> None:
    behaviour = behaviour_of("app-runner")
    assert behaviour is not None
    assert "wake" not in behaviour_changes(behaviour)
    assert service().wake.distribution.mean > 0
