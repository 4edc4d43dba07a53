from __future__ import annotations

import dataclasses

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.registry import POLICIES
from tests.rules.policies.services import observation, sample

NAMES = list(POLICIES)


def test_every_policy_has_its_name_of_scenario_files() -> None:
    assert NAMES == [
        "app-runner",
        "knative",
        "fixed",
        "scale-per-request",
        "hpa",
        "keda",
        "keda-http",
        "target-tracking",
        "step-scaling",
        "ecs-express",
        "cloud-run",
        "lambda",
        "lambda-provisioned",
        "lambda-managed",
        "container-apps",
        "heroku",
        "fly",
        "scheduled",
        "predictive-hpa",
        "holt-winters",
        "aws-predictive",
        "mpc",
        "oracle",
    ]


def test_a_policy_kind_lists_the_extra_signals_of_its_parameters() -> None:
    needs = {name: sorted(kind.needs(kind.parameters())) for name, kind in POLICIES.items()}
    cpu = {"hpa", "predictive-hpa", "target-tracking", "step-scaling", "ecs-express", "cloud-run", "lambda-managed"}
    assert {name for name, needed in needs.items() if needed == ["cpu"]} == cpu
    assert {name: needed for name, needed in needs.items() if needed and name not in cpu} == {
        "heroku": ["latency"],
        "oracle": ["demand"],
    }


def test_a_policy_with_another_metric_needs_no_cpu() -> None:
    kind = POLICIES["hpa"]
    assert kind.needs(kind.parameters(metric="concurrency")) == frozenset()


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_is_built_from_its_defaults_and_decides(name: str) -> None:
    scaling = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=5)
    kind = POLICIES[name]
    policy = kind.build(kind.parameters(), scaling)
    policy.observe(sample(0, 3, finished=3, service_s=3))
    decision = policy.decide(observation(1, scaling, in_flight=3))
    assert policy.name == name
    assert decision is not None
    assert decision.desired == 1


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_frozen_and_every_one_has_a_default(name: str) -> None:
    parameters = POLICIES[name].parameters()
    fields = dataclasses.fields(parameters)
    assert fields
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(parameters, fields[0].name, 1)
