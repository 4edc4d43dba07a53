"""When a started instance serves, by the policy's platform; and the configuration of this in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.lab.validate.faas import IDLE_EXPIRY_S, RATE_RPS, SERVICE_S, UNIT_S, scale_per_request
from simulator.model.instance import InstanceState
from simulator.records.events import InstanceMoved, ScalingDecided
from simulator.replay.runner import Run, play
from simulator.replay.service_plans import service_plans
from simulator.rules.policies.port import Observation, Sample
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.world.clock import ClockKind

# One instance, launched at the first request: the time that the platform's probe adds to a start-up of 2.34 s.
READY_AFTER_S = {
    "app-runner": 3.0, "fixed": 3.0, "scheduled": 3.0, "holt-winters": 3.0, "mpc": 3.0, "oracle": 3.0,
    "hpa": 3.0, "keda": 3.0, "keda-http": 3.0, "predictive-hpa": 3.0,
    "container-apps": 4.3,  # 1.3 s until its ingress knows the replica
    "knative": 2.35,
    "lambda": 2.34, "lambda-provisioned": 2.34, "lambda-managed": 2.34, "scale-per-request": 2.34,
    "cloud-run": 2.34, "fly": 2.34,
    "heroku": 2.34, "target-tracking": 2.34, "step-scaling": 2.34, "ecs-express": 2.34, "aws-predictive": 2.34,
}  # fmt: skip


def scenario(policy: Any, **keys: Any) -> ScenarioSpec:
    service = {
        "policy": policy,
        "health_check": {"interval": "5s"},
        "application": {"simulated": {"start_up": "2340ms", "io": "100ms"}},
        "overflow": {"mode": "queue", "wait": "60s"},
    }
    data = {
        "version": 1,
        "duration": "90s",
        "services": {"web": service | keys},
        "traffic": [{"clock": {"rate": "1/s"}}],
        "timeline": [{"at": "5s", "kill_instance": {"which": "oldest"}}],
    }
    return read_scenario(json.dumps(data), file="ready.yaml", folder=Path.cwd())


def ready_after_s(asked: ScenarioSpec) -> float:
    """Return the time from the launch of the instance that replaces the killed one until it serves."""
    moves = [event for event in play(Run(asked)).events if isinstance(event, InstanceMoved) and event.instance == 2]
    at_s = {event.after: event.at_s for event in reversed(moves)}
    return at_s[InstanceState.ACTIVE] - at_s[InstanceState.STARTING]


@pytest.mark.case("L21", "L55")
@pytest.mark.parametrize("policy", POLICIES)
def test_an_instance_serves_from_the_probe_of_its_platform_that_passes(policy: str) -> None:
    told: Any = {"name": policy}
    if policy == "scheduled":
        told["schedule"] = [{"at": "0h", "instances": 1}]
    assert ready_after_s(scenario(told)) == pytest.approx(READY_AFTER_S[policy], abs=1e-6)


@pytest.mark.case("L21", "L55")
@pytest.mark.parametrize(("told", "ready_s"), [("5s", 5.0), ("1s", 3.0), (0, 2.34), ("100ms", 2.4)])
@pytest.mark.parametrize("policy", ["app-runner", "knative", "lambda"])
def test_the_file_has_precedence_over_the_platform(policy: str, told: Any, ready_s: float) -> None:
    assert ready_after_s(scenario(policy, startup_probe=told)) == pytest.approx(ready_s, abs=1e-6)


@pytest.mark.case("L21")
def test_lambda_responds_to_its_first_request_after_the_initialisation() -> None:
    text = """
        duration: 30s
        services:
          lam:
            max_concurrency: 1
            min_size: 0
            initial_size: 0
            policy: lambda
            overflow: {mode: queue, wait: 30s}
            application: {simulated: {start_up: 250ms, io: 100ms}}
        traffic: [{from: 1s, until: 2s, clock: {rate: 1/s}}]
    """
    stats = play(Run(read_scenario(text))).stats_by_source.whole()
    assert stats.latency.max_s == pytest.approx(0.35, rel=1e-3)


@pytest.mark.case("L21")
def test_a_pod_of_knative_is_ready_within_two_seconds_of_the_decision() -> None:
    text = """
        duration: 60s
        services:
          web:
            max_concurrency: 10
            policy: knative
            overflow: {mode: queue, wait: 30s}
            application: {simulated: {start_up: 300ms, io: 100ms}}
        traffic: [{from: 5s, clock: {rate: 300/s}}]
    """
    events = play(Run(read_scenario(text))).events
    raised = next(event for event in events if isinstance(event, ScalingDecided) and event.desired > event.before)
    ready = next(
        event.at_s
        for event in events
        if isinstance(event, InstanceMoved) and event.after is InstanceState.ACTIVE and event.at_s > raised.at_s
    )
    assert 1.29 <= ready - raised.at_s <= 2.0


@pytest.mark.case("L21")
def test_the_readiness_of_each_platform_can_be_configured_in_a_file() -> None:
    """Pool, policy and application of the published platforms, as a user would configure them."""
    text = f"""
        duration: 60s
        services:
          function:
            max_concurrency: 1
            min_size: 0
            max_size: 1000
            initial_size: 0
            health_check: {{interval: 20s}}
            overflow: {{mode: queue, wait: 60s, queue: 1000}}
            balancing: newest-first
            wake: 0
            policy: {{name: scale-per-request, idle_expiry: {IDLE_EXPIRY_S * UNIT_S}s}}
            application: {{simulated: {{io: {{exponential: {SERVICE_S * UNIT_S}s}}, start_up: {0.323 * UNIT_S}s}}}}
        traffic: [{{poisson: {{rate: {RATE_RPS / UNIT_S}/s}}}}]
    """
    [ours] = service_plans(read_scenario(text), ClockKind.VIRTUAL)
    theirs = scale_per_request(RATE_RPS, SERVICE_S, start_up=0.323)._plan()
    assert ours.settings == theirs.settings
    assert ours.policy.actuator == theirs.policy.actuator
    assert ours.application == theirs.application


@pytest.mark.case("L54")
def test_a_routing_delay_applies_to_scaled_out_instances() -> None:
    assert ready_after_s(scenario("app-runner", route_after="65s")) == pytest.approx(68.0, abs=1e-6)


@pytest.mark.case("L42")
@pytest.mark.parametrize(
    ("service", "policy"),
    [({"idle_after": "10s"}, {}), ({}, {"idle_after": "10s"}), ({"idle_after": "10s"}, {"idle_after": "10s"})],
)
def test_idle_after_has_the_same_effect_wherever_it_is_configured(
    service: dict[str, Any], policy: dict[str, Any]
) -> None:
    [plan] = service_plans(scenario({"name": "app-runner", **policy}, **service), ClockKind.VIRTUAL)
    assert plan.settings.idle_after_s == 10
    plan.policy.observe(Sample(0, 1.0, 0.0, 1, 0, 1, 1.0, 1))
    seen = {now: plan.policy.decide(Observation(now, 1, 0, 0, 0, plan.settings.scaling)) for now in (10.0, 11.0)}
    assert [decision.active for decision in seen.values() if decision is not None] == [1, 0]


@pytest.mark.case("L42")
def test_two_values_for_idle_after_are_rejected() -> None:
    with pytest.raises(ScenarioError, match=r"idle_after = 20s, must be left out, or 10s as the service's own"):
        scenario({"name": "app-runner", "idle_after": "20s"}, idle_after="10s")
