"""The application of instances and the source of its secrets in a scenario file."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from tests.scenario.scenario_texts import scenario_text

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/shop:1.2"


def scenario(application: str, *, service: str = "", top: str = "", folder: Path = Path()) -> ScenarioSpec:
    text = scenario_text(service=service, top=top).replace("{simulated: {cpu: 5ms}}", application)
    return read_scenario(text, folder=folder)


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
def test_an_invalid_application_is_rejected_with_what_is_expected(application: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(application)
    assert [problem.expected.startswith(expected) for problem in caught.value.problems] == [True], caught.value


def test_a_secret_and_a_variable_of_one_name_are_rejected() -> None:
    with pytest.raises(ScenarioError, match=r"web\.secrets\.KEY = .*application\.process\.environment"):
        scenario(
            "{process: {command: web, environment: {KEY: 1}}}",
            service="secrets: {KEY: parameter}",
            top="aws: {endpoint: 'http://127.0.0.1:5000'}",
        )


def test_secrets_come_from_a_file_beside_the_scenario(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"aws\.secrets_file = s\.yaml, must be an existing file"):
        scenario("{simulated: {}}", top="aws: {secrets_file: s.yaml}", folder=tmp_path)
    (tmp_path / "s.yaml").write_text("parameter: value\n")
    told = scenario(
        "{simulated: {}}", service="secrets: {KEY: parameter}", top="aws: {secrets_file: s.yaml}", folder=tmp_path
    )
    assert told.aws.secrets_file == tmp_path / "s.yaml"


def test_a_mixed_pool_needs_a_real_application() -> None:
    told = scenario("{real_instances: 2, process: {command: web}}")
    assert told.services["web"].application.real_instances == 2
    with pytest.raises(ScenarioError, match="real_instances = 2, must be left out without process, container, source"):
        scenario("{real_instances: 2, simulated: {}}")


def test_the_further_instances_are_measured_unless_the_file_says_otherwise() -> None:
    mixed = "real_instances: 2, process: {command: web}"
    measured, simulated = (
        scenario(f"{{{mixed}}}"),
        scenario(f"{{{mixed}, simulated: {{}}, further_instances: simulated}}"),
    )
    assert not measured.services["web"].application.further_are_simulated
    assert simulated.services["web"].application.further_are_simulated
    with pytest.raises(ScenarioError, match="further_instances = simulated, must come with simulated or model"):
        scenario(f"{{{mixed}, further_instances: simulated}}")
    with pytest.raises(ScenarioError, match="further_instances = measured, must come with real_instances"):
        scenario("{process: {command: web}, further_instances: measured}")
