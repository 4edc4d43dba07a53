from __future__ import annotations

from simulator.control.operations.event_lines import phase_lines
from simulator.model.resources.phase import Phase
from tests.model.resources.test_service_configuration import IMAGE, code, configuration


def test_a_repository_that_configures_itself_has_its_file_read() -> None:
    lines = phase_lines(Phase.BUILDING, configuration(code("REPOSITORY")), creates=True)
    assert lines == (
        "Reading apprunner.yaml config file.",
        "Successfully Validate configuration file.",
        "Starting source code build.",
    )
    assert phase_lines(Phase.BUILDING, configuration(code("API")), creates=True) == ("Starting source code build.",)


def test_the_pipeline_line_is_logged_once() -> None:
    made = ("Successfully created pipeline for automatic deployments.",)
    assert phase_lines(Phase.BEGUN, configuration(code("API")), creates=True) == made
    assert phase_lines(Phase.BEGUN, configuration(code("API")), creates=False) == ()


def test_a_private_service_with_an_http_check() -> None:
    service = configuration(IMAGE)
    assert phase_lines(Phase.PROVISIONING, service, creates=True) == (
        "Provisioning instances and deploying image for privately accessible service.",
    )
    assert phase_lines(Phase.HEALTH_CHECKING, service, creates=True) == (
        "Performing health check on protocol `HTTP` [Path: '/up'], [Port: '8000'].",
    )


def test_the_logged_port_is_that_of_the_repositorys_file() -> None:
    assert phase_lines(Phase.HEALTH_CHECKING, configuration(code("REPOSITORY")), creates=True, port=9000) == (
        "Performing health check on protocol `HTTP` [Path: '/up'], [Port: '9000'].",
    )
