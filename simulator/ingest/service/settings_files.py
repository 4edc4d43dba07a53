"""Reads the settings of a service: `aws apprunner describe-service`, `describe-auto-scaling-configuration`, Terraform.

Shapes: botocore's model of App Runner; `terraform show -json` (values of resources after evaluation); and the text of a
.tf file, of which only plain values are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from simulator.ingest.formats.json_document import document, starts_with
from simulator.ingest.input_file import InputFile
from simulator.ingest.service.service_settings import ServiceSettings, cpu_text, memory_text
from simulator.ingest.service.source_configuration import is_source_configuration, source_configuration

_ANSWERS: Final = ("Service", "AutoScalingConfiguration")
_STATE: Final = ("terraform_version",)
_SCALING: Final = "aws_apprunner_auto_scaling_configuration_version"
_SERVICE: Final = "aws_apprunner_service"
_RESOURCE: Final = re.compile(rf'resource\s+"({_SCALING}|{_SERVICE})"\s+"[^"]+"\s*\{{')
_VALUE: Final = r'^\s*{name}\s*=\s*(?:"([^"$]*)"|(\d+))\s*(?:#.*|//.*)?$'


def is_settings(file: InputFile) -> bool:
    """Return True if the file has the settings of a service."""
    return _is_answer(file) or _is_state(file) or _is_terraform(file) or is_source_configuration(file)


def settings_of(file: InputFile) -> ServiceSettings:
    """Return the settings in the file.

    Raises:
        ScenarioError: if it cannot be read, or has none of the settings.
    """
    if is_source_configuration(file):
        return source_configuration(file)
    with file.read_as("settings of a service"):
        if _is_terraform(file):
            settings = _of_text(b"".join(file.parts()).decode(errors="replace"))
        elif _is_answer(file):
            settings = _of_answer(document(file))
        else:
            settings = _of_state(document(file))
    if not settings.given:
        raise file.problem(
            1, "file", "no setting of a service", "one with MaxConcurrency, MinSize, MaxSize, CPU or memory"
        )
    return settings


def _is_answer(file: InputFile) -> bool:
    return starts_with(file, *_ANSWERS) and any(
        key in file.head for key in (b'"MaxConcurrency"', b'"InstanceConfiguration"')
    )


def _is_state(file: InputFile) -> bool:
    return starts_with(file, *_STATE)


def _is_terraform(file: InputFile) -> bool:
    return _RESOURCE.search(file.head.decode(errors="replace")) is not None


def _of_answer(answer: Any) -> ServiceSettings:
    scaling = answer.get("AutoScalingConfiguration") or {}
    service = answer.get("Service") or {}
    instance = service.get("InstanceConfiguration") or {}
    return ServiceSettings(
        name=service.get("ServiceName"),
        max_concurrency=_whole(scaling.get("MaxConcurrency")),
        min_size=_whole(scaling.get("MinSize")),
        max_size=_whole(scaling.get("MaxSize")),
        cpu=cpu_text(instance.get("Cpu")),
        memory=memory_text(instance.get("Memory")),
    )


def _of_state(state: Any) -> ServiceSettings:
    found: dict[str, Any] = {}
    for kind, values in _resources((state.get("values") or state.get("planned_values") or {}).get("root_module") or {}):
        if kind == _SCALING:
            found |= {key: _whole(values.get(key)) for key in ("max_concurrency", "min_size", "max_size")}
        elif kind == _SERVICE:
            instance: Any = next(iter(values.get("instance_configuration") or []), {})
            found |= {"name": values.get("service_name"), "cpu": cpu_text(instance.get("cpu"))}
            found["memory"] = memory_text(instance.get("memory"))
    return ServiceSettings(**found)


def _resources(module: Any) -> Iterator[tuple[str, Any]]:
    for resource in module.get("resources") or []:
        yield str(resource.get("type")), resource.get("values") or {}
    for child in module.get("child_modules") or []:
        yield from _resources(child)


def _of_text(text: str) -> ServiceSettings:
    found: dict[str, Any] = {}
    for match in _RESOURCE.finditer(text):
        body = _body(text, match.end())
        if match[1] == _SCALING:
            found |= {key: _whole(_plain(body, key)) for key in ("max_concurrency", "min_size", "max_size")}
        else:
            found |= {"name": _plain(body, "service_name"), "cpu": cpu_text(_plain(body, "cpu"))}
            found["memory"] = memory_text(_plain(body, "memory"))
    return ServiceSettings(**found)


def _body(text: str, start: int) -> str:
    """Return the text of a block from behind its opening brace to its closing one."""
    depth, at = 1, start
    while depth and at < len(text):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return text[start : at - 1]


def _plain(body: str, name: str) -> str | None:
    found = re.search(_VALUE.format(name=name), body, re.MULTILINE)
    return None if found is None else found[1] or found[2]


def _whole(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None
