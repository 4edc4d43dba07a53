"""Access to plain data that may be invalid: values of the expected type are returned, others are skipped."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from simulator.model.text import units
from simulator.scenario.document import Document, Path
from simulator.scenario.sections.timeline_spec import ON_A_SERVICE

Told = TypeVar("Told")


def services(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, service in mapping(document.data.get("services")).items():
        if isinstance(service, dict):
            yield name, service


def items(document: Document, key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    listed = document.data.get(key)
    for index, item in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(item, dict):
            yield index, item


def naming_a_service(document: Document) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield every mapping with a key `service`, with its path: sources, and most actions."""
    for index, source in items(document, "traffic"):
        yield ("traffic", index), source
    for index, event in items(document, "timeline"):
        for action in ON_A_SERVICE:
            if isinstance(event.get(action), dict):
                yield ("timeline", index, action), event[action]


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def tried(parse: Callable[[object], Told], value: object) -> Told | None:
    try:
        return parse(value)
    except ValueError:
        return None


def seconds(value: object) -> float | None:
    given = None if value is None else tried(units.parse_duration, value)
    return given if given is None or math.isfinite(given) else None


def count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
