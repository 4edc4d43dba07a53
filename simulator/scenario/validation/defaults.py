"""Completes scenario files: the only service, names of unnamed sources, shared definitions of downstream resources.

Works on plain data that may contain errors anywhere, and keeps errors for the sections to report.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.scenario.document import Document
from simulator.scenario.problems import Problem
from simulator.scenario.sections.deploy_spec import takes_service
from simulator.scenario.sections.timeline_spec import ON_A_SERVICE
from simulator.scenario.sections.traffic_spec import SHAPES
from simulator.scenario.validation.downstream_rules import with_shared_definitions
from simulator.scenario.validation.raw_access import mapping


def completed(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return `data` with these values filled in."""
    services = data.get("services")
    only = next(iter(services)) if isinstance(services, dict) and len(services) == 1 else None
    whole = dict(data)
    if isinstance(data.get("traffic"), list):
        whole["traffic"] = [_named(_for_service(item, only), n) for n, item in enumerate(data["traffic"], 1)]
    if isinstance(data.get("timeline"), list):
        whole["timeline"] = [_event_for_service(event, only) for event in data["timeline"]]
    return with_shared_definitions(whole)


def with_applications(document: Document, folder: Path) -> tuple[dict[str, Any], list[Problem]]:
    """Return the data with the applications of the model files that it names, and the problems of these files."""
    sections = [*mapping(document.data.get("services")).values()]
    timeline = document.data.get("timeline")
    sections += [mapping(event).get("deploy") for event in timeline] if isinstance(timeline, list) else []
    if not any("model" in mapping(mapping(section).get("application")) for section in sections):
        return document.data, []
    from simulator.scenario.validation.model_application import (  # noqa: PLC0415 few scenarios name a model file
        with_model_applications,
    )

    return with_model_applications(document, folder)


def _for_service(item: Any, only: str | None) -> Any:
    return {"service": only} | item if isinstance(item, dict) and only is not None else item


def _named(item: Any, number: int) -> Any:
    if not isinstance(item, dict) or "name" in item:
        return item
    shape = next((shape for shape in SHAPES if shape in item), "source")
    return {"name": f"{shape}-{number}"} | item


def _event_for_service(event: Any, only: str | None) -> Any:
    if not isinstance(event, dict) or only is None:
        return event
    return {key: _action_for_service(key, value, only) for key, value in event.items()}


def _action_for_service(key: Any, value: Any, only: str) -> Any:
    if key in ON_A_SERVICE:
        return _for_service({} if value is None else value, only)
    if key == "api" and isinstance(value, dict):
        return {operation: _call_for_service(operation, request, only) for operation, request in value.items()}
    return value


def _call_for_service(operation: Any, request: Any, only: str) -> Any:
    if not takes_service(operation) or not isinstance(request, dict | None):
        return request
    return {"ServiceArn": only} | (request or {})
