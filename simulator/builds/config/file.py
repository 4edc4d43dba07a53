"""apprunner.yaml, version 1.0: every key (facts 6.2), as frozen values that validate themselves.

All values keep the text of the file: a version of `3.10` is not the number 3.1, and a variable with the value `no` has
the text `no`. reading.py reports errors with line and column.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from simulator.builds.runtimes import BY_FILE_NAME, Runtime
from simulator.fleet.process.environment import RESERVED_PREFIX
from simulator.model.resources.secret_reference import parse_reference
from simulator.model.resources.service_configuration import PORT
from simulator.model.text.field_docstrings import DescribedModel

FILE_NAME: Final = "apprunner.yaml"
PORT_VARIABLE: Final = "PORT"
_VERSION: Final = "1.0"
_PORT_MAX: Final = 65535
_RUNTIME_VERSION: Final = r"^[0-9]+(\.[0-9]+){0,4}$"
_VARIABLE_NAME: Final = r"^[^=\x00]+$"


def _version(text: str) -> str:
    if text not in {_VERSION, "1"}:
        msg = f"version = {text}, must be {_VERSION}, the only one there is"
        raise ValueError(msg)
    return text


def _port(text: str) -> str:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= _PORT_MAX):
        msg = f"port = {text}, must be a whole number from 1 to {_PORT_MAX}"
        raise ValueError(msg)
    return text


def _name(text: str) -> str:
    """Validate a variable's name.

    PORT is allowed: as run.network.env it has no effect, and in build.env it is a variable of the build only (facts
    19.1).

    # ASSUMPTION: in run.env it is accepted and has no effect: public files have it there, and App Runner's treatment of
    it is not documented. Deploying one with another port than run.network.port would settle it.
    """
    if not re.match(_VARIABLE_NAME, text):
        msg = f"name = {text!r}, must be a name without ="
        raise ValueError(msg)
    if text.upper().startswith(RESERVED_PREFIX):
        msg = f"name = {text}, must be without the prefix {RESERVED_PREFIX}, which App Runner reserves"
        raise ValueError(msg)
    return text


def _secret_name(text: str) -> str:
    if text == PORT_VARIABLE:
        msg = "name = PORT, must be another: App Runner sets PORT itself; use run.network.port"
        raise ValueError(msg)
    return _name(text)


def _reference(text: str) -> str:
    parse_reference(text)
    return text


Command = Annotated[str, Field(min_length=1)]
Name = Annotated[str, AfterValidator(_name), Field(min_length=1)]


class ConfigPart(DescribedModel):
    """A mapping in the file. Unknown keys are errors."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=lambda name: name.replace("_", "-"),
    )


class Variable(ConfigPart):
    """A variable and its value."""

    name: Name
    """Its name."""
    value: str
    """Its value."""


class Secret(ConfigPart):
    """A variable whose value is looked up when the service is deployed."""

    name: Annotated[str, AfterValidator(_secret_name), Field(min_length=1)]
    """The variable's name."""
    value_from: Annotated[str, AfterValidator(_reference)]
    """ARN of a Secrets Manager secret, with or without `:json-key:version-stage:version-id`; ARN or name of an SSM
    parameter.
    """


class Commands(ConfigPart):
    """The commands of the phases, each run by a shell."""

    pre_build: tuple[Command, ...] = ()
    """Before the build."""
    build: Annotated[tuple[Command, ...], Field(min_length=1)]
    """Commands of the build phase."""
    post_build: tuple[Command, ...] = ()
    """After the build, for example tests; a revised build does not deploy the files that they write."""


class BuildSection(ConfigPart):
    """How the application is built."""

    commands: Commands
    """The commands of the phases."""
    env: tuple[Variable, ...] = ()
    """Variables of the build's phases and of pre-run, not of the application."""


class Network(ConfigPart):
    """Where the application listens."""

    port: Annotated[str, AfterValidator(_port)] = PORT
    """The port that the application listens on."""
    env: Name | None = None
    """A variable besides PORT that is set to the port; PORT itself is accepted and has no effect."""


class RunSection(ConfigPart):
    """How the application is run."""

    command: Command
    """Starts the application."""
    runtime_version: Annotated[str, Field(pattern=_RUNTIME_VERSION)] | None = None
    """Major, minor and patch version to pin; by default the latest."""
    pre_run: tuple[Command, ...] = ()
    """Commands that run in the run image, after /app has been copied to it; revised builds only."""
    network: Network = Network()
    """Where the application listens."""
    env: tuple[Variable, ...] = ()
    """Variables of the application."""
    secrets: tuple[Secret, ...] = ()
    """Variables whose values are looked up when the service is deployed."""

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        # ASSUMPTION: the effect of a variable that is also a secret is undocumented (facts 8 says so). Which of the two
        # takes effect is not reliable, so it is rejected. Deploying one would settle it.
        names = Counter([*(each.name for each in self.env), *(each.name for each in self.secrets)])
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            msg = f"env = {twice[0]} more than once in env and secrets, must be variables of different names"
            raise ValueError(msg)
        return self


class ConfigFile(ConfigPart):
    """An apprunner.yaml."""

    version: Annotated[str, AfterValidator(_version)]
    """Version of the file format: 1.0."""
    runtime: str
    """The managed runtime."""
    build: BuildSection
    """How the application is built."""
    run: RunSection
    """How the application is run."""

    @property
    def of_runtime(self) -> Runtime:
        return BY_FILE_NAME[self.runtime]

    @model_validator(mode="after")
    def _version_of_runtime(self) -> Self:
        runtime, wanted = BY_FILE_NAME.get(self.runtime), self.run.runtime_version
        if runtime is not None and wanted is not None and not runtime.has(wanted):
            msg = f"run.runtime-version = {wanted}, must be a version of {runtime}"
            raise ValueError(msg)
        return self


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of apprunner.yaml for editors. It allows numbers where text is read."""
    schema = ConfigFile.model_json_schema(by_alias=True)
    properties = schema["properties"]
    properties["version"] = {"enum": [1.0, _VERSION], "description": properties["version"]["description"]}
    properties["runtime"] = {"enum": list(BY_FILE_NAME), "description": properties["runtime"]["description"]}
    definitions = schema["$defs"]
    whole = {"type": "integer", "minimum": 1, "maximum": _PORT_MAX}
    _also(definitions["Network"]["properties"]["port"], whole)
    _also(definitions["Variable"]["properties"]["value"], {"type": ["number", "boolean"]})
    _also(definitions["RunSection"]["properties"]["runtime-version"], {"type": "number"})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _also(given: dict[str, Any], other: dict[str, Any]) -> None:
    kept = {key: given.pop(key) for key in ("description", "default", "title") if key in given}
    options = given.pop("anyOf", None) or [dict(given)]
    given.clear()
    given.update(kept | {"anyOf": [*options, other]})
