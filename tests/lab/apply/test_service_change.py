"""What changes between two versions of a service, and the platform of the new one."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.lab.apply.service_change import platform_of
from simulator.rules.platforms.presets import PLATFORMS
from simulator.rules.policies.registry import POLICIES
from tests.lab.apply.services import change, scenario


@pytest.mark.parametrize(
    ("settings", "platform"),
    [
        ({}, "app-runner"),
        ({"policy": {"name": "fixed", "instances": 3}}, "app-runner"),
        ({"policy": "knative"}, "knative"),
        ({"policy": "keda"}, "kubernetes"),
        ({"policy": "target-tracking"}, "ecs-fargate"),
        ({"policy": "scale-per-request"}, "lambda"),
        ({"policy": "oracle"}, ""),
        ({"platform": "cloud-run"}, "cloud-run"),
        ({"platform": "app-runner", "policy": "knative"}, "app-runner"),
    ],
)
def test_the_platform_is_the_one_named_or_the_one_of_the_policy(settings: dict[str, Any], platform: str) -> None:
    assert platform_of(scenario(**settings).services["shop"]) == platform


@pytest.mark.parametrize("name", POLICIES)
def test_each_policy_has_a_platform_that_is_known_or_none(name: str) -> None:
    service = scenario(policy=name).services["shop"]
    assert platform_of(service) in {*PLATFORMS, "kubernetes", ""}


@pytest.mark.parametrize(
    ("before", "after", "sentences"),
    [
        ({}, {}, ()),
        ({}, {"max_concurrency": 5}, ("MaxConcurrency 100 to 5",)),
        ({}, {"min_size": 2, "max_size": 3}, ("MinSize 1 to 2", "MaxSize 25 to 3")),
        ({}, {"cpu": 256, "memory": 512}, ("size 1 vCPU / 2 GB to 0.25 vCPU / 0.5 GB",)),
        ({}, {"policy": {"name": "app-runner", "window": "30s"}}, ("window 1m00s to 30s",)),
        ({}, {"request_timeout": "5s"}, ("request_timeout",)),
        ({}, {"health_check": {"interval": "6s"}}, ("the health check",)),
        (
            {"policy": "knative"},
            {"policy": {"name": "knative", "target": 7, "scale_to_zero": False}},
            ("target default to 7", "scale_to_zero True to False"),
        ),
        (
            {},
            {"platform": "cloud-run"},
            ("platform app-runner to cloud-run", "MinSize 1 to 0"),
        ),
        ({}, {"policy": "oracle"}, ("platform app-runner to none", "policy app-runner to oracle")),
    ],
)
def test_sentences_name_what_changes(before: dict[str, Any], after: dict[str, Any], sentences: tuple[str, ...]) -> None:
    assert change(before=before, after=after).sentences == sentences
