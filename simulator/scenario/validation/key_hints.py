"""Suggests a known key for an unknown key of a scenario file."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args, get_origin

from simulator.model.text.document import Document, Path, dotted
from simulator.scenario.problems import nearest
from simulator.scenario.sections.base_model import Section

# In a path of the schema: stands for the name of an entry of a mapping, or the number of an item of a list.
_ANY: Final = "*"
# A key that exists in more places than this does not indicate which place was meant.
_PLACES_MAX: Final = 2

_PATHS: Final = ("services", _ANY, "application", "simulated", "paths")
# The cost of a request belongs to the application that answers it, not to the traffic.
_COSTS: Final = frozenset(
    {"service_time", "response_time", "latency", "duration", "delay", "work", "cpu", "io", "cpu_time", "io_time"}
)
_REQUESTS: Final = frozenset({"requests", "session"})


def meant_key(root: type[Section], path: Path, known: list[str], document: Document) -> str:
    """Return the known key that the key at the end of `path` resembles, or that key's place elsewhere; or empty.

    `known`: the keys of the section that contains the unknown key.
    """
    key = str(path[-1])
    if key in _COSTS and _REQUESTS.intersection(path[:-1]):
        return _shown(_PATHS, path, document)
    if here := nearest(key, known):
        return here
    places = [place for place in _places(root) if place[-1] == key]
    return _shown(places[0], path, document) if 0 < len(places) <= _PLACES_MAX else ""


@functools.cache
def _places(root: type[Section]) -> tuple[tuple[str, ...], ...]:
    """Return every place of the schema that has a key, each once."""
    return tuple(dict.fromkeys(_walk(root, ())))


def _walk(section: type[Section], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, field in section.model_fields.items():
        place = (*path, field.alias or name)
        yield place
        for inner, deeper in _sections(field.annotation, place):
            yield from _walk(inner, deeper)


def _sections(annotation: Any, place: tuple[str, ...]) -> Iterator[tuple[type[Section], tuple[str, ...]]]:
    """Yield the sections within a type, each with its path."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation, place
        return
    origin = get_origin(annotation)
    holds_many = origin is tuple or (isinstance(origin, type) and issubclass(origin, Mapping))
    for argument in get_args(annotation):
        yield from _sections(argument, (*place, _ANY) if holds_many else place)


def _shown(place: tuple[str, ...], path: Path, document: Document) -> str:
    """Return `place` as a path with real names and numbers.

    They are those of `path` as far as the two agree, then those of which the file has only one.
    """
    shown: list[str | int] = []
    data: Any = document.data
    for position, part in enumerate(place):
        step: str | int = part
        if part == _ANY:
            agrees = tuple(shown) == path[:position] and position < len(path) - 1
            alone = next(iter(data)) if isinstance(data, dict) and len(data) == 1 else "NAME"
            step = path[position] if agrees else 0 if isinstance(data, list) else alone
        shown.append(step)
        data = data[0] if data and isinstance(data, list) else data.get(step) if isinstance(data, dict) else None
    return dotted(tuple(shown))
