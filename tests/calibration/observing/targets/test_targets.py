"""Tests of the targets of observations."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.calibration.observing.observed_service import RouteLoad
from simulator.calibration.observing.targets.targets import (
    ObservedTarget,
    TargetKind,
    TargetSettings,
    parse_target,
    service_of,
    target_of_observation,
    with_port,
)
from simulator.model.sizes import InstanceSize
from simulator.scenario.problems import ScenarioError

ROOT = (RouteLoad(),)
SCENARIO = """
version: 1
duration: 100s
services:
  web:
    platform: cloud-run
    cpu: 2 vCPU
    memory: 4 GB
    max_concurrency: 7
    application: {simulated: {io: 1ms}, process: {command: python app.py}, real_instances: 1}
  other: {application: {simulated: {}}}
traffic: [{poisson: {rate: 1/s}, service: web}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "server").write_text("#!/bin/sh", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("shop", TargetKind.FOLDER, "shop"),
        ("./shop", TargetKind.FOLDER, "shop"),
        ("shop.yaml", TargetKind.SCENARIO, "shop"),
        ("./server", TargetKind.COMMAND, "server"),
        ("gunicorn -w 4 'shop:app'", TargetKind.COMMAND, "gunicorn"),
        ("registry.example/team/Shop_1:2", TargetKind.IMAGE, "shop-1"),
        ("image:shop", TargetKind.IMAGE, "shop"),
        ("command:python", TargetKind.COMMAND, "python"),
        ("shop:1", TargetKind.IMAGE, "shop"),
        ("http://127.0.0.1:8000/items", TargetKind.URL, "server-8000"),
    ],
)
def test_a_target_is_recognised(folder: Path, text: str, kind: TargetKind, name: str) -> None:
    target = parse_target(text)
    assert (target.kind, target.name) == (kind, name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be an image, a command, a folder, a scenario file or a URL"),
        ("https://127.0.0.1", "url = 'https://127.0.0.1', must be the address of a server on this machine"),
        ("http://example.com/", "load is sent to this machine only"),
        ("url:http://example.com/", "load is sent to this machine only"),
        ("./none", "must be a folder or file that exists"),
        ("folder:none", "must be a folder that exists"),
        ("none.yaml", "must be a scenario file that exists"),
        ("python 'app", "must be a command line: No closing quotation"),
    ],
)
def test_a_target_that_does_not_exist_is_an_error(folder: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_target(text)


def test_an_image_runs_with_the_settings(folder: Path) -> None:
    settings = TargetSettings(InstanceSize(512, 1024), 9000, "/health", {"A": "b"})
    service = service_of(ObservedTarget(TargetKind.IMAGE, "shop:1"), ROOT, settings)
    spec = service.scenario.services[service.name]
    container = spec.application.container
    assert container is not None
    assert (container.image, container.port, container.environment) == ("shop:1", 9000, {"A": "b"})
    assert spec.health_check_spec.path == "/health"
    assert service.size == InstanceSize(512, 1024)
    changed = with_port(service, 80).scenario.services[service.name].application.container
    assert changed is not None
    assert changed.port == 80


def test_a_command_runs_in_the_current_folder(folder: Path) -> None:
    service = service_of(ObservedTarget(TargetKind.COMMAND, "python 'my app.py'"), ROOT, TargetSettings())
    process = service.scenario.services[service.name].application.process
    assert process is not None
    assert process.command == ("python", "my app.py")
    assert process.working_directory == folder
    assert service.size == InstanceSize(1024, 2048)


def test_a_service_of_a_scenario_is_observed_alone_with_its_real_application(folder: Path) -> None:
    service = service_of(ObservedTarget(TargetKind.SCENARIO, "shop.yaml"), ROOT, TargetSettings(service="web"))
    assert list(service.scenario.services) == ["web"]
    application = service.scenario.services["web"].application
    assert application.simulated is None
    assert application.process is not None
    assert service.size == InstanceSize(2048, 4096)
    played = service.prepared().services["web"]
    assert (played.max_concurrency, played.min_size, played.max_size) == (200, 1, 1)
    assert (played.policy.name, played.platform, played.overflow.mode) == ("fixed", None, "reject")


def test_a_scenario_with_several_services_needs_a_name(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"service = '', must be one of web, other"):
        service_of(ObservedTarget(TargetKind.SCENARIO, "shop.yaml"), ROOT, TargetSettings())
    with pytest.raises(ValueError, match=r"service = 'wep', must be one of web, other; did you mean `web`"):
        service_of(ObservedTarget(TargetKind.SCENARIO, "shop.yaml"), ROOT, TargetSettings(service="wep"))


def test_the_target_that_an_observation_names_can_be_observed_again(folder: Path) -> None:
    settings = TargetSettings(service="web")
    for text in ("shop", "shop.yaml", "./server --port 1", "image:shop:1", "http://127.0.0.1:8000"):
        given = parse_target(text)
        is_scenario = given.kind is TargetKind.SCENARIO
        observed = service_of(given, ROOT, settings if is_scenario else TargetSettings())
        assert target_of_observation(observed.target) == (given, "web" if is_scenario else "")


@pytest.mark.parametrize("text", ["", "an access log", "metrics of CloudWatch"])
def test_what_is_no_target_must_be_given(text: str) -> None:
    with pytest.raises(ValueError, match="target = not given, must be what is measured: "):
        target_of_observation(text)


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("shop", TargetSettings(environment={"A": "b"}), "env = A, must be left out with a target of the kind folder"),
        (
            "python app.py",
            TargetSettings(port=80),
            "port = 80, must be left out with a target of the kind command; it is for: image",
        ),
        (
            "shop.yaml",
            TargetSettings(health_path="/h"),
            "health-check = /h, must be left out with a target of the kind scenario",
        ),
        (
            "image:shop",
            TargetSettings(service="web"),
            "service = web, must be left out with a target of the kind image",
        ),
    ],
)
def test_a_setting_that_the_target_would_ignore_is_an_error(
    folder: Path, text: str, settings: TargetSettings, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        service_of(parse_target(text), ROOT, settings)


def test_an_invalid_image_is_an_error(folder: Path) -> None:
    with pytest.raises(ScenarioError, match="image"):
        service_of(ObservedTarget(TargetKind.IMAGE, "Shop Image"), ROOT, TargetSettings())


def test_a_server_that_runs_already_is_requested_by_the_path_of_its_url(folder: Path) -> None:
    target = parse_target("http://localhost:8000/items?x=1")
    service = service_of(target, ROOT, TargetSettings())
    running = service.scenario.services[service.name].application.running
    assert running is not None
    assert running.url == "http://localhost:8000"
    assert [route.path for route in service.routes] == ["/items?x=1"]
    assert service.runs_already
    other = service_of(target, (RouteLoad("/a"),), TargetSettings())
    assert [route.path for route in other.routes] == ["/a"]
