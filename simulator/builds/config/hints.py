"""Hints for mistakes found in real apprunner.yaml files (facts 19.1): the right place of a key, and its right form.

A hint completes the message of a problem, `... = found, must be EXPECTED`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, get_args

from simulator.builds.config.file import ConfigFile, ConfigPart
from simulator.builds.runtimes import RUNTIMES
from simulator.model.text.document import Path, dotted

_DOCKER: Final = frozenset({"docker", "dockerfile", "container", "image", "custom"})
_LANGUAGES: Final = {"python": "python311", "node": "nodejs22", "nodejs": "nodejs22", "java": "corretto11"}
_LANGUAGES_MORE: Final = {"go": "go1", "golang": "go1", "php": "php81", "ruby": "ruby31", "dotnet": "dotnet6"}

# Service settings that users look for in the file; App Runner accepts them only in its API (facts 6.2).
_OF_THE_SERVICE: Final = frozenset(
    {"cpu", "memory", "instance", "health-check", "healthcheck", "auto-scaling", "scaling", "tags", "role", "name"}
)
# run.network.env has the key `env` too, but a user who writes variables elsewhere does not mean it.
_PORT_NAME: Final = ("run", "network", "env")
# Maps the last key of a path to the right form of its value.
_FORMS: Final = {
    "commands": "a mapping of pre-build:, build: and post-build:; put the list below build:",
    "pre-build": "a list: each command in a line of its own, as `- COMMAND`",
    "build": "a list: each command in a line of its own, as `- COMMAND`",
    "post-build": "a list: each command in a line of its own, as `- COMMAND`",
    "pre-run": "a list: each command in a line of its own, as `- COMMAND`",
    "env": "a list of `- name: NAME` with `value: VALUE` below it",
    "secrets": "a list of `- name: NAME` with `value-from: ARN or name` below it",
    "command": "text: one command, which no shell runs; several go into a script, or into `sh -c '...'`",
    "network": "a mapping with port: and env:",
    "run": "a mapping with command: and, as needed, network:, env:, secrets:, pre-run: and runtime-version:",
}


def expected_form(path: Path) -> str:
    """Describe the form expected at `path`, where another form was found; empty if there is no better description."""
    if path == ("build",):
        return "a mapping with commands: and, as needed, env:"
    if path == ("run", "network", "env"):
        return "the name of one variable, which gets the port besides PORT; variables belong below run.env"
    names = [part for part in path if isinstance(part, str)]
    if path and isinstance(path[-1], int) and names and names[-1] in {"env", "secrets"}:
        return _FORMS[names[-1]].replace("a list of ", "")
    return _FORMS.get(str(path[-1]), "") if path and isinstance(path[-1], str) else ""


def belongs(path: Path) -> str:
    """Return the places where the unknown key at the end of `path` is valid; empty if there are none."""
    key = str(path[-1]).replace("_", "-").lower()
    here = tuple(part for part in path[:-1] if isinstance(part, str))
    if key == "commands" and here == ("run",):
        return "run.command, one command, or run.pre-run, a list of commands before it"
    if path[:-1] and isinstance(path[-2], int) and here[-1] in {"env", "secrets"} and key not in {"name", "value"}:
        value = "value-from: ARN or name" if here[-1] == "secrets" else "value: VALUE"
        return f"written as `- name: {path[-1]}` with `{value}` below it"
    places = [place for place in _places(ConfigFile, ()) if place[-1] == key and place != _PORT_NAME]
    if here not in [place[:-1] for place in places]:
        found = " or ".join(dict.fromkeys(f"below {dotted(place[:-1])}" for place in places if place[:-1]))
        if found:
            return found
    if key in _OF_THE_SERVICE and len(path) <= 2:
        return "set through the API (CreateService, UpdateService); the file has no such key"
    return ""


def runtime_hint(name: str) -> str:
    """Return the runtime that an unknown runtime name probably stands for; empty if unknown."""
    word = name.strip().lower()
    if word in _DOCKER:
        return (
            "a managed runtime, because App Runner builds no Dockerfile from this file. `simulator up` builds "
            "a Dockerfile if there is no apprunner.yaml in its folder: remove or rename this file"
        )
    if name.upper() in RUNTIMES:
        return f"`{RUNTIMES[name.upper()].file_name}`, as files write {name.upper()}"
    known = _LANGUAGES | _LANGUAGES_MORE
    return f"`{known[word]}`" if word in known else ""


def _places(part: type[ConfigPart], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key; a list is represented by its items."""
    for field in part.model_fields.values():
        place = (*path, str(field.alias))
        yield place
        inner = _part_in(field.annotation)
        if inner is not None:
            yield from _places(inner, place)


def _part_in(annotation: Any) -> type[ConfigPart] | None:
    if isinstance(annotation, type) and issubclass(annotation, ConfigPart):
        return annotation
    found = (_part_in(each) for each in get_args(annotation) if each is not Ellipsis)
    return next((part for part in found if part is not None), None)
