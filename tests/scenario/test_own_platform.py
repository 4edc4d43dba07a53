"""The key `platform` of a service: the platform's defaults where the file sets nothing, and what it does not change."""

from __future__ import annotations

import pickle

import pytest

from simulator.rules.platforms.presets import PLATFORMS
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.scenario.sections.service_spec import ServiceSpec
from simulator.traffic.policy_fit import NoteKind, policy_notes

TEXT = """
duration: 20m
services:
  web:
    application: {{simulated: {{cpu: 20ms}}}}
    {keys}
traffic: [{{clock: {{rate: 5/s}}}}]
"""


def web(keys: str) -> ServiceSpec:
    return read_scenario(TEXT.format(keys=keys.replace("; ", "\n    "))).services["web"]


def test_express_mode_has_its_documented_defaults() -> None:
    """Each as in facts, ECS Express 1.2, 2 and 4."""
    given = web("platform: ecs-express")
    assert (given.policy.name, given.min_size, given.max_size, given.stop_grace_s) == ("ecs-express", 1, 20, 30)
    assert given.policy.parameters.tracking.target == 0.6
    balancer = given.load_balancer
    assert balancer is not None
    check = balancer.health_check_spec
    assert (check.path, check.interval_s, check.timeout_s) == ("/", 30, 5)
    assert (check.healthy_threshold, check.unhealthy_threshold) == (5, 2)
    assert (balancer.grace_period_s, balancer.idle_timeout_s, balancer.deregistration_delay_s) == (300, 60, 300)
    staged = given.staged_deployment
    assert staged is not None
    assert [(shift.share, shift.bake_s) for shift in staged.shifts] == [(0.05, 180), (1, 180)]
    assert staged.alarm is not None
    assert (staged.alarm.share, staged.alarm.points, staged.alarm.periods) == (0.01, 2, 3)
    assert staged.deregistration_s == 300
    assert str(given.size) == "1 vCPU / 2 GB"


@pytest.mark.parametrize(
    ("platform", "policy", "window_s"),
    [("app-runner", "{name: app-runner, window: 4s}", 4.0), ("knative", "{name: knative, stable_window: 40s}", 40.0)],
)
def test_durations_that_the_file_sets_for_the_policy_of_its_platform_stay(
    platform: str, policy: str, window_s: float
) -> None:
    given = web(f"platform: {platform}; policy: {policy}").policy
    parameters = given.model_dump(exclude_unset=True)
    assert (given.name, window_s in parameters.values()) == (platform, True)


def test_what_the_file_sets_stays() -> None:
    given = web(
        "platform: ecs-express; min_size: 2; max_size: 4; cpu: 2; memory: 4GB; deployment: revision-swap; "
        "policy: {name: ecs-express, metric: memory, target: 0.5}"
    )
    assert (given.min_size, given.max_size, str(given.size)) == (2, 4, "2 vCPU / 4 GB")
    assert given.deployment.strategy == "revision-swap"
    tracking = given.policy.parameters.tracking
    assert (tracking.metric, tracking.target, tracking.scale_out_cooldown_s) == ("memory", 0.5, 300)
    assert web("platform: ecs-express; policy: fixed").policy.name == "fixed"


def test_the_deregistration_delay_is_that_of_the_load_balancer_unless_it_is_given() -> None:
    short = "platform: ecs-express; load_balancer: {kind: application, deregistration_delay: 30s}"
    staged = web(short).staged_deployment
    assert staged is not None
    assert staged.deregistration_s == 30
    own = web(f"{short}; deployment: {{strategy: canary, deregistration_delay: 10s}}").staged_deployment
    assert own is not None
    assert own.deregistration_s == 10


@pytest.mark.parametrize("name", list(PLATFORMS))
def test_a_service_on_every_platform_can_be_played_in_worker_processes(name: str) -> None:
    given = read_scenario(TEXT.format(keys=f"platform: {name}"))
    copied: ScenarioSpec = pickle.loads(pickle.dumps(given))
    assert copied == given
    service = next(iter(copied.services.values()))
    assert service.policy.actuator(service.scaling) == web(f"platform: {name}").policy.actuator(service.scaling)


@pytest.mark.parametrize("name", list(PLATFORMS))
def test_every_platform_can_be_that_of_a_service(name: str) -> None:
    given = web(f"platform: {name}")
    assert given.policy.name == PLATFORMS[name].policy
    assert given.min_size == PLATFORMS[name].min_size


def test_a_note_says_that_the_bill_is_app_runners() -> None:
    notes = policy_notes(read_scenario(TEXT.format(keys="platform: ecs-express")))
    (text,) = [note.text for note in notes if note.kind is NoteKind.BROUGHT]
    assert "defaults of the platform ecs-express where the file sets nothing" in text
    assert "the bill of the run has App Runner's prices: `compare --platform ecs-express`" in text


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("platform: ecs-expres", "platform = ecs-expres, must be one of"),
        (
            "platform: ecs-express; balancing: random",
            "left out: the load balancer of ecs-express has its own balancing",
        ),
    ],
)
def test_bad_keys_are_named(keys: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        web(keys)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "size"),
    [
        ("platform: ecs-express; cpu: 8; memory: 16 GB", "8 vCPU / 16 GB"),  # App Runner ends at 4 vCPU
        ("platform: ecs-express; cpu: 16 vCPU; memory: 120 GB", "16 vCPU / 120 GB"),
        ("platform: ecs-express; cpu: 2", "2 vCPU / 4 GB"),  # the least memory with it
        ("platform: lambda; memory: 512", "0.289 vCPU / 0.5 GB"),  # the memory brings its CPU
        ("platform: lambda; memory: 1769", "1 vCPU / 1.728 GB"),
        ("platform: container-apps; cpu: 0.75", "0.75 vCPU / 1.5 GB"),
        ("platform: cloud-run; cpu: 0.5; memory: 0.5", "1 vCPU / 0.5 GB"),  # MaxConcurrency 100 needs a whole vCPU
        ("platform: cloud-run; cpu: 0.5; memory: 0.5; max_concurrency: 1", "0.5 vCPU / 0.5 GB"),
        ("platform: fly; cpu: 0.25; memory: 1 GB", "0.25 vCPU / 1 GB"),
        ("platform: heroku", "2 vCPU / 2.5 GB"),
        ("platform: knative; cpu: 3; memory: 5 GB", "3 vCPU / 5 GB"),
        ("platform: app-runner; cpu: 2; memory: 4 GB", "2 vCPU / 4 GB"),
    ],
)
def test_a_size_is_one_that_the_platform_offers(keys: str, size: str) -> None:
    assert str(web(keys).size) == size


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("platform: ecs-express; cpu: 0.25; memory: 0.5 GB", ""),
        ("platform: lambda; memory: 512", ""),
        (
            "platform: fly; cpu: 0.25; memory: 0.5",
            "size of fly: 0.25 vCPU / 1 GB (shared-cpu-4x) for the scenario's 0.25 vCPU / 0.5 GB, the smallest",
        ),
        (
            "platform: heroku; memory: 1 GB",
            "size of heroku: 2 vCPU / 2.5 GB (Performance-M), the smallest that has what the file asks for",
        ),
        ("platform: lambda", "size of lambda: 1.16 vCPU / 2 GB for the scenario's 1 vCPU / 2 GB"),
    ],
)
def test_a_note_says_which_size_is_taken_if_it_is_another_one(keys: str, said: str) -> None:
    scenario = read_scenario(TEXT.format(keys=keys.replace("; ", "\n    ")))
    (note,) = [note.text for note in policy_notes(scenario) if note.kind is NoteKind.BROUGHT]
    assert ("size of" in note) == bool(said)
    assert said in note


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            "platform: lambda; memory: 12 GB",
            r"memory = 12 GB, must be within the largest size of lambda: 5\.79 vCPU / 10 GB",
        ),
        (
            "platform: container-apps; cpu: 8; memory: 4 GB",
            "cpu = 8, must be within the largest size of container-apps",
        ),
        ("platform: app-runner; cpu: 8", "cpu = 8 vCPU, must be one of"),
        ("cpu: 8; memory: 16 GB", "cpu = 8 vCPU, must be one of"),
    ],
)
def test_a_size_beyond_those_of_the_platform_is_rejected(keys: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        web(keys)


def test_a_fraction_of_a_vcpu_is_a_quota_on_the_platform() -> None:
    simulated = web("platform: fly; cpu: 0.25; memory: 1 GB").application.simulated
    assert simulated is not None
    assert simulated.cpu_quota is not None
    assert (simulated.cpu_quota.period_s, simulated.cpu_quota.cores) == (0.08, 4)
