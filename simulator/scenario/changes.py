"""Changes to a scenario's data before validation: the points of a sweep, and the settings that a lesson varies.

A change names a path as in the file: `duration`, `services.web.max_concurrency`, `traffic.visitors.clock.rate` (a
source by its name or its number). A name that is not a top-level key of the file is a key of a service: `web.cpu` of
the service `web`, `cpu` of every service. The changed data is then validated like the file, so that an invalid value
gets the same message.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulator.model.text.problems import one_of
from simulator.scenario.document import Document, Path, parse_document
from simulator.scenario.sections.policy_spec import DEFAULT_POLICY

Changes = Mapping[str, Any]

# The keys of a scenario file that a change may begin with, in addition to the keys of a service.
_TOP: Final = frozenset(
    {
        "name",
        "description",
        "seed",
        "duration",
        "warm_up",
        "services",
        "traffic",
        "timeline",
        "checks",
        "aws",
        "operations",
    }
)


def parse_value(text: str) -> Any:
    """Parse a value as in the file: `10` is a number, `90s` is text, `{name: fixed}` a mapping.

    Raises:
        ScenarioError: if the text is not YAML.
    """
    return parse_document(f"value: {text}", "a change").data["value"]


def changed(document: Document, changes: Changes) -> Document:
    """Return the document with `changes` made in order.

    Raises:
        ValueError: if a change names a path that no scenario file can have, or a source that does not exist.
    """
    data, places = copy.deepcopy(document.data), dict(document.places)
    for name, value in changes.items():
        for path in _places(name, data):
            _set(data, path, value, name)
            places.setdefault(path, document.place(path))  # the place at which a key that the file omits would be
    return dataclasses.replace(document, data=data, places=places)


def _places(name: str, data: dict[str, Any]) -> Iterator[Path]:
    parts = tuple(name.split("."))
    if not all(parts):
        msg = f"change = {name!r}, must be a place such as max_concurrency or services.web.max_concurrency"
        raise ValueError(msg)
    services = data.get("services")
    names = list(services) if isinstance(services, dict) else []
    if parts[0] in _TOP:
        yield _numbered(parts, data, name)
    elif parts[0] in names and len(parts) > 1:
        yield ("services", *parts)
    else:
        for service in names:
            yield ("services", service, *parts)


def _numbered(parts: tuple[str, ...], data: dict[str, Any], name: str) -> Path:
    """Return the path with list items as numbers from 0. A source of traffic may be given by its name."""
    path: list[str | int] = []
    value: Any = data
    for part in parts:
        step: str | int = part
        if isinstance(value, list):
            step = _index(part, value, name)
            value = value[step]
        elif isinstance(value, dict):
            value = value.get(part)
        path.append(step)
    return tuple(path)


def _index(part: str, items: list[Any], name: str) -> int:
    for number, item in enumerate(items):
        if part == str(number) or (isinstance(item, dict) and item.get("name") == part):
            return number
    known = [
        str(item.get("name", number)) if isinstance(item, dict) else str(number) for number, item in enumerate(items)
    ]
    expected = one_of(part, known) if known else "nothing: the list is empty"
    msg = f"change = {name!r}, must have in place of {part!r} {expected}"
    raise ValueError(msg)


def _set(data: dict[str, Any], path: Path, value: Any, name: str) -> None:
    """Set the value at the path.

    Missing mappings on the path are created; a policy in short form (its name) is replaced by the long form.
    """
    here: Any = data
    for number, part in enumerate(path[:-1]):
        if isinstance(here, list):
            here = here[int(part)]
            continue
        inner = here.get(part)
        if part == "policy" and path[number + 1] != "name" and not isinstance(inner, dict):
            inner = here[part] = {"name": inner if inner is not None else DEFAULT_POLICY}
        elif inner is None:
            inner = here[part] = {}
        if not isinstance(inner, dict | list):
            inside = ".".join(str(step) for step in path[: number + 1])
            msg = f"change = {name!r}, must not reach into {inside}, which is {inner!r}"
            raise ValueError(msg)  # noqa: TRY004 a bad place, not a bad type of ours
        here = inner
    here[path[-1]] = value
