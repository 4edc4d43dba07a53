"""Downstream resources: the definition that services share, and rules between the places of that definition."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from simulator.scenario.document import Document, Path
from simulator.scenario.problems import Problem
from simulator.scenario.sections.base_model import key_of
from simulator.scenario.sections.downstream_spec import RESOURCE_KEYS, DownstreamSpec
from simulator.scenario.validation.raw_access import items, mapping, services

_PLACEHOLDERS = {"connections": 1, "service": 0, "at": "127.0.0.1:1"}


def with_shared_definitions(data: dict[str, Any]) -> dict[str, Any]:
    """Return `data` in which each use of a resource has the keys of its definition from every other use."""
    definitions: dict[str, dict[str, Any]] = {}
    for _, name, use in _uses(data):
        for key in RESOURCE_KEYS:
            if key in use:
                definitions.setdefault(name, {}).setdefault(key, use[key])
    if not definitions:
        return data
    whole = copy.deepcopy(data)
    for _, name, use in _uses(whole):
        use.update({key: value for key, value in definitions.get(name, {}).items() if key not in use})
    return whole


def downstream_problems(document: Document) -> Iterator[Problem]:
    """Yield a problem for each key of a resource that two places define differently."""
    first: dict[tuple[str, str], tuple[Path, object]] = {}
    for path, name, use in _uses(document.data):
        for key in RESOURCE_KEYS:
            if key not in use:
                continue
            value = _meaning(key, use[key])
            place, before = first.setdefault((name, key), (path, value))
            if value is not None and before is not None and value != before:
                where = ".".join(map(str, place))
                yield document.problem((*path, key), f"the same as in {where}: both use the resource {name}")


def resource_names(document: Document) -> list[str]:
    """Return the names of all resources."""
    return list(dict.fromkeys(name for _, name, _ in _uses(document.data)))


def _uses(data: dict[str, Any]) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Yield every use of a resource: its path, the name of the resource, and its data."""
    document = Document("", data)
    places: list[tuple[Path, object]] = [
        (("services", name, "application"), service.get("application")) for name, service in services(document)
    ]
    places += [
        (("timeline", index, "deploy", "application"), mapping(event.get("deploy")).get("application"))
        for index, event in items(document, "timeline")
    ]
    for path, application in places:
        for name, use in mapping(mapping(application).get("downstream")).items():
            if isinstance(use, dict):
                yield (*path, "downstream", name), str(name), use


def _meaning(key: str, value: object) -> object:
    """Return the value as parsed by the section, so that `4ms` equals `0.004s`; None if it is invalid by itself."""
    field = next(name for name in DownstreamSpec.model_fields if key_of(name) == key)
    beside = {"on_full": "wait"} if key in {"wait", "queue"} else {}
    beside |= {"wait": "1s"} if key in {"queue", "on_full"} and (key == "queue" or value == "wait") else {}
    try:
        return getattr(DownstreamSpec.model_validate({**_PLACEHOLDERS, **beside, key: value}), field)
    except ValidationError:
        return None
