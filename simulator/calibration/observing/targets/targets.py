"""The targets of an observation: an image, a command, a folder with a project, a service of a scenario, or a URL."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, assert_never
from urllib.parse import urlsplit

from simulator.calibration.observing.observed_service import ObservedService, RouteLoad
from simulator.model.local_server import local_server
from simulator.model.sizes import InstanceSize
from simulator.model.text.problems import one_of
from simulator.scenario.scenario import ScenarioSpec, load_scenario

_SUFFIXES: Final = frozenset({".yaml", ".yml"})
_SERVICE: Final = ", service "  # in the text of a target, between the file of a scenario and the service
DEFAULT_SIZE: Final = InstanceSize(1024, 2048)


class TargetKind(StrEnum):
    """What is observed. The values are the prefixes with which a user names a kind: `image:shop`."""

    IMAGE = "image"
    COMMAND = "command"
    FOLDER = "folder"
    SCENARIO = "scenario"
    URL = "url"


@dataclass(frozen=True, slots=True)
class ObservedTarget:
    """A target: its kind, and the image, command line, folder, file or address."""

    kind: TargetKind
    text: str

    def __str__(self) -> str:
        return f"{self.kind.value} {self.text}"

    @property
    def name(self) -> str:
        """A name for files: lowercase letters, digits and hyphens."""
        match self.kind:
            case TargetKind.IMAGE:
                base = self.text.partition("@")[0].rpartition("/")[2].partition(":")[0]
            case TargetKind.COMMAND:
                base = Path(shlex.split(self.text)[0]).name
            case TargetKind.FOLDER:
                base = Path(self.text).resolve().name
            case TargetKind.SCENARIO:
                base = Path(self.text).stem
            case TargetKind.URL:
                base = f"server {urlsplit(self.text).port or ''}"
            case _:
                assert_never(self.kind)
        return re.sub(r"[^a-z0-9]+", "-", base.lower()).strip("-")[:40] or "service"


def parse_target(text: str) -> ObservedTarget:
    """Return the target that the text means: a URL, or a prefix names its kind; else a folder, a scenario file or a
    program that exists, a command line with several words, or else an image.

    Raises:
        ValueError: if the text is empty, names a folder or file that does not exist, or a server of another machine.
    """
    if text.startswith(("http://", "https://")):
        return _existing(ObservedTarget(TargetKind.URL, text))
    prefix, colon, rest = text.partition(":")
    if colon and prefix in set(TargetKind) and rest.strip():
        return _existing(ObservedTarget(TargetKind(prefix), rest.strip()))
    if not text.strip():
        msg = "target = '', must be an image, a command, a folder, a scenario file or a URL of this machine"
        raise ValueError(msg)
    path = Path(text)
    if path.is_dir():
        return ObservedTarget(TargetKind.FOLDER, text)
    if path.suffix in _SUFFIXES:
        return _existing(ObservedTarget(TargetKind.SCENARIO, text))
    if path.is_file() or len(_words(text)) > 1:
        return _existing(ObservedTarget(TargetKind.COMMAND, text))
    if text.startswith((".", "/", "~")):
        msg = f"target = {text!r}, must be a folder or file that exists"
        raise ValueError(msg)
    return ObservedTarget(TargetKind.IMAGE, text)


def target_of_observation(text: str) -> tuple[ObservedTarget, str]:
    """Return the target that an observation or a model names, and the service, which only a scenario has.

    Raises:
        ValueError: if the text names no target, such as that of a log, or the target no longer exists.
    """
    kind, _, rest = text.partition(" ")
    if kind not in set(TargetKind) or not rest:
        known = f"it was calibrated from {text}" if text else "the model does not say what it was calibrated from"
        msg = f"target = not given, must be what is measured: {known}"
        raise ValueError(msg)
    service = ""
    if kind == TargetKind.SCENARIO and _SERVICE in rest:
        rest, _, service = rest.rpartition(_SERVICE)
    return parse_target(f"{kind}:{rest}"), service


def _existing(target: ObservedTarget) -> ObservedTarget:
    path = Path(target.text)
    if target.kind is TargetKind.URL:
        local_server(target.text)
    if target.kind is TargetKind.FOLDER and not path.is_dir():
        msg = f"target = {target.text!r}, must be a folder that exists"
        raise ValueError(msg)
    if target.kind is TargetKind.SCENARIO and not path.is_file():
        msg = f"target = {target.text!r}, must be a scenario file that exists"
        raise ValueError(msg)
    if target.kind is TargetKind.COMMAND and not _words(target.text):
        msg = f"target = {target.text!r}, must be a command line"
        raise ValueError(msg)
    return target


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        msg = f"target = {text!r}, must be a command line: {error}"
        raise ValueError(msg) from None


# The kinds of target that use a setting, by the name of its option.
_USED_BY: Final[Mapping[str, tuple[TargetKind, ...]]] = {
    "port": (TargetKind.IMAGE,),
    "health-check": (TargetKind.IMAGE, TargetKind.COMMAND, TargetKind.FOLDER, TargetKind.URL),
    "env": (TargetKind.IMAGE, TargetKind.COMMAND),
    "service": (TargetKind.SCENARIO,),
}


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """How the target is run. A setting that a kind of target does not have is an error.

    `size`, `port`: None takes those of the target, or the default. `health_path`: of an HTTP health check; empty: TCP,
    as App Runner's default. `service`: of a scenario with several.
    """

    size: InstanceSize | None = None
    port: int | None = None
    health_path: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    service: str = ""

    def require_used_by(self, kind: TargetKind) -> None:
        """Raise ValueError for a setting that a target of this kind would ignore."""
        given = {
            "port": self.port,
            "health-check": self.health_path,
            "env": ", ".join(self.environment),
            "service": self.service,
        }
        for name, value in given.items():
            if value and kind not in _USED_BY[name]:
                users = ", ".join(_USED_BY[name])
                msg = f"{name} = {value}, must be left out with a target of the kind {kind}; it is for: {users}"
                raise ValueError(msg)


def service_of(target: ObservedTarget, routes: tuple[RouteLoad, ...], settings: TargetSettings) -> ObservedService:
    """Return the service to observe. The application of a folder is not built yet (replay/source_builds.py).

    Raises:
        ScenarioError: if a scenario file is invalid, or could not have the settings.
        ValueError: if a scenario has no such service, or the target has no such setting.
    """
    settings.require_used_by(target.kind)
    match target.kind:
        case TargetKind.SCENARIO:
            return _of_scenario(target, routes, settings)
        case TargetKind.IMAGE:
            given: dict[str, Any] = {"image": target.text, "environment": dict(settings.environment)}
            if settings.port is not None:
                given["port"] = settings.port
            return _of_section({"container": given}, target, routes, settings)
        case TargetKind.COMMAND:
            process = {"command": _words(target.text), "environment": dict(settings.environment)}
            return _of_section({"process": process}, target, routes, settings)
        case TargetKind.FOLDER:
            folder = str(Path(target.text).resolve())
            return _of_section({"source_code": {"folder": folder}}, target, routes, settings)
        case TargetKind.URL:
            parts = urlsplit(target.text)
            path = parts._replace(scheme="", netloc="", fragment="").geturl()
            if path not in {"", "/"} and routes == (RouteLoad(),):
                routes = (RouteLoad(path),)
            return _of_section({"running": {"url": f"{parts.scheme}://{parts.netloc}"}}, target, routes, settings)
        case _:
            assert_never(target.kind)


def _of_section(
    application: Mapping[str, Any], target: ObservedTarget, routes: tuple[RouteLoad, ...], settings: TargetSettings
) -> ObservedService:
    check = {"health_check": {"protocol": "HTTP", "path": settings.health_path}} if settings.health_path else {}
    return ObservedService.of_application(
        application, settings.size or DEFAULT_SIZE, routes, target=str(target), folder=Path.cwd(), service=check
    )


def _of_scenario(target: ObservedTarget, routes: tuple[RouteLoad, ...], settings: TargetSettings) -> ObservedService:
    scenario = load_scenario(Path(target.text))
    names = list(scenario.services)
    name = settings.service or names[0]
    if name not in names or (not settings.service and len(names) > 1):
        msg = f"service = {settings.service!r}, must be {one_of(settings.service, names)}"
        raise ValueError(msg)
    return ObservedService(f"{target}{_SERVICE}{name}", _alone(scenario, name, settings.size), routes)


def _alone(scenario: ScenarioSpec, name: str, size: InstanceSize | None) -> ScenarioSpec:
    """Return the scenario with this service only. Of two applications the real one is observed."""
    service = scenario.services[name]
    application = service.application
    if application.is_real:
        application = application.model_copy(update={"simulated": None, "real_instances": None})
    changes: dict[str, object] = {"application": application}
    if size is not None:
        changes |= {"cpu_units": size.cpu_units, "memory_mb": size.memory_mb}
    alone = {name: service.model_copy(update=changes)}
    return scenario.model_copy(update={"services": alone, "traffic": (), "timeline": (), "checks": ()})


def with_port(service: ObservedService, port: int) -> ObservedService:
    """Return the service whose container listens on `port`."""
    given = service.scenario.services[service.name].application
    container = given.container
    assert container is not None, "only a container has a port of its own"
    application = given.model_copy(update={"container": container.model_copy(update={"port": port})})
    return replace(service, scenario=service.scenario.with_services({service.name: {"application": application}}))
