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


@pytest.mark.parametrize(
    ("source", "event", "part"),
    [
        ("", "deploy: {fails: build}", "an image is not built"),
        (", source: {repository: /srv/shop}", "deploy: {fails: pull}", "a repository has no image to pull"),
        ("", "deploy: {trigger: push}", "auto_deployments: true"),
        ("", "api: {PauseService: {ServiceArn: wep}}", "web"),
    ],
)
def test_a_deployment_that_cannot_be_is_rejected_with_what_can(source: str, event: str, part: str) -> None:
    with pytest.raises(ScenarioError) as rejected:
        read_scenario(TEXT % (source, event))
    assert any(part in str(problem) for problem in rejected.value.problems), rejected.value


@pytest.mark.parametrize("event", ["deploy: {fails: pull}", "deploy: {}", "api: {PauseService: {ServiceArn: web}}"])
def test_a_deployment_of_an_image_is_accepted(event: str) -> None:
    assert len(read_scenario(TEXT % ("", event)).timeline) == 1
