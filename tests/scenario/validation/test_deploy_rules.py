"""Rules of deployments on a timeline."""

from __future__ import annotations

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario

TEXT = """
duration: 10 min
services:
  web: {application: {simulated: {io: 1ms}}%s}
traffic: [{clock: {rate: 1/s}}]
timeline:
  - {at: 1 min, %s}
"""

_SOURCE = ", source: {repository: /srv/shop, auto_deployments: true}"


@pytest.mark.parametrize(
    ("source", "event", "part"),
    [
        ("", "deploy: {fails: build}", "an image is not built"),
        (", source: {repository: /srv/shop}", "deploy: {fails: pull}", "a repository has no image to pull"),
        ("", "deploy: {trigger: push}", "auto_deployments: true"),
        (f", deployment: canary{_SOURCE}", "deploy: {fails: build}", "canary builds nothing"),
        (f", deployment: {{strategy: canary}}{_SOURCE}", "deploy: {trigger: push}", "canary does not deploy on a push"),
        (f", platform: ecs-express{_SOURCE}", "deploy: {fails: build}", "canary builds nothing"),
        (f", platform: container-apps{_SOURCE}", "deploy: {trigger: push}", "revision-swap does not deploy on a push"),
        ("", "api: {PauseService: {ServiceArn: wep}}", "web"),
    ],
)
def test_a_deployment_that_cannot_be_is_rejected_with_what_can(source: str, event: str, part: str) -> None:
    with pytest.raises(ScenarioError) as rejected:
        read_scenario(TEXT % (source, event))
    assert any(part in str(problem) for problem in rejected.value.problems), rejected.value


def test_the_strategy_of_the_file_replaces_that_of_its_platform() -> None:
    given = f", platform: ecs-express, deployment: app-runner{_SOURCE}"
    assert len(read_scenario(TEXT % (given, "deploy: {fails: build}")).timeline) == 1


@pytest.mark.parametrize(("deployment", "key"), [("[canary]", "deployment"), ("{strategy: [canary]}", "strategy")])
def test_a_strategy_that_is_no_text_is_reported_by_its_section(deployment: str, key: str) -> None:
    with pytest.raises(ScenarioError) as rejected:
        read_scenario(TEXT % (f", deployment: {deployment}{_SOURCE}", "deploy: {fails: build}"))
    (problem,) = rejected.value.problems
    assert f"{key} = a list, must be" in str(problem)


@pytest.mark.parametrize("event", ["deploy: {fails: pull}", "deploy: {}", "api: {PauseService: {ServiceArn: web}}"])
def test_a_deployment_of_an_image_is_accepted(event: str) -> None:
    assert len(read_scenario(TEXT % ("", event)).timeline) == 1
