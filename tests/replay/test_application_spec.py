"""What runs in an instance, as a scenario file tells it."""

from __future__ import annotations

import pytest

from simulator.replay.problems import ScenarioError
from simulator.replay.scenario import Scenario, read_scenario
from tests.replay.scenario_texts import scenario_text

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/shop:1.2"


def scenario(application: str) -> Scenario:
    return read_scenario(scenario_text().replace("{simulated: {cpu: 5ms}}", application))


def test_a_container_has_an_image_a_command_a_port_and_a_way_out() -> None:
    told = scenario(f"{{container: {{image: '{IMAGE}', command: serve --fast, environment: {{N: 4}}}}}}")
    container = told.services["web"].application.container
    assert container is not None
    assert (container.image, container.command, container.environment) == (IMAGE, ("serve", "--fast"), {"N": "4"})
    assert (container.port, container.egress) == (8080, "DEFAULT")


@pytest.mark.parametrize(
    ("application", "expected"),
    [
        ("{container: {image: ''}}", "at least 1 long"),
        ("{container: {image: web, port: 70000}}", "at most 65535"),
        ("{container: {image: web}, process: {command: web}}", "one of them"),
        ("{container: {image: Web}}", "a name such as app:1"),
    ],
)
def test_an_application_that_makes_no_sense_says_what_is_expected(application: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(application)
    assert [problem.expected.startswith(expected) for problem in caught.value.problems] == [True], caught.value
