"""The sections under `application`: what runs in the instances of a service, simulated or real."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from simulator.model.images import ImageIdentifier
from simulator.scenario.files.named_file import named_file
from simulator.scenario.problems import did_you_mean
from simulator.scenario.sections.base_model import (
    Count,
    ResourceName,
    Section,
    fields_of,
)
from simulator.scenario.sections.downstream_spec import DownstreamSpec
from simulator.scenario.sections.simulated.simulated_spec import SimulatedSpec

_PYTHONS: Final = frozenset({"python", "python3"})


def _split_command(value: object) -> object:
    """Split a command line into words as a shell would. No shell runs the command."""
    return shlex.split(value) if isinstance(value, str) else value


def variable_text(value: object) -> object:
    """Convert a variable's value to text: `WORKERS: 4` means the same as `WORKERS: "4"`."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _beside_the_file(value: str, info: ValidationInfo) -> Path:
    """Return `value` as an existing folder; a relative path starts at the folder of the scenario file."""
    folder = named_file(Path((info.context or {}).get("folder", ".")), value, "working_directory")
    if not folder.is_dir():
        msg = f"working_directory = {value!r}, must be an existing folder, relative to the scenario file"
        raise ValueError(msg)
    return folder


def _model_beside_the_file(value: str, info: ValidationInfo) -> Path:
    """Return the path of `value`, which the reader of the scenario has read already (model_application.py)."""
    return named_file(Path((info.context or {}).get("folder", ".")), value, "model")


Folder = Annotated[Any, BeforeValidator(str), AfterValidator(_beside_the_file), WithJsonSchema({"type": "string"})]


ModelFile = Annotated[
    Any, BeforeValidator(str), AfterValidator(_model_beside_the_file), WithJsonSchema({"type": "string"})
]


class ProcessSpec(Section):
    """A real application: one local process for each instance. It must listen on `$HOST:$PORT`."""

    command: Annotated[
        tuple[str, ...],
        BeforeValidator(_split_command),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = Field(min_length=1)
    """The command line, or a list of its words. `python` as the first word is the interpreter that runs the simulator.
    """
    environment: Mapping[str, Annotated[str, BeforeValidator(variable_text)]] = Field(default_factory=dict)
    """Additional environment variables of the process."""
    working_directory: Folder = Field(default=".", validate_default=True)
    """The folder in which the command runs, relative to the scenario file (default: the folder of that file)."""
    _set_up: Any = PrivateAttr(default=None)  # of an application that was built (replay/source_builds.py)

    @property
    def set_up(self) -> Any:
        """The set-up command of an application that was built; None for one that the file describes."""
        return self._set_up

    def with_set_up(self, set_up: Any) -> ProcessSpec:
        """Return the section of a built application, whose instances run `set_up` first."""
        copy = self.model_copy()
        copy._set_up = set_up  # noqa: SLF001 a copy of this one
        return copy

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the words to execute. If no `python` is on the PATH, the running interpreter is used."""
        first, *rest = self.command
        return (sys.executable if first in _PYTHONS else first, *rest)


def _image_identifier(text: str) -> str:
    return ImageIdentifier(text).text


class ContainerSpec(Section):
    """A real application: one container for each instance, from an image of the local engine."""

    image: Annotated[str, AfterValidator(_image_identifier)] = Field(min_length=1, max_length=1024)
    """An image of the local engine. An ECR or ECR Public identifier means the local image with the same name."""
    command: Annotated[
        tuple[str, ...],
        BeforeValidator(_split_command),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = ()
    """The start command, or a list of its words (default: the command of the image)."""
    port: Count = Field(default=8080, ge=1, le=65535)
    """The port on which the application listens, on all addresses of the container. The application receives it as
    `PORT`.
    """
    environment: Mapping[str, Annotated[str, BeforeValidator(variable_text)]] = Field(default_factory=dict)
    """Additional environment variables of the container."""
    egress: str = Field(default="DEFAULT", min_length=1)
    """DEFAULT: the engine's own network. NONE: no outgoing traffic. Otherwise the name of an engine network that acts
    as the VPC.
    """


class SourceCodeSpec(Section):
    """A real application: built from a folder by its apprunner.yaml before the run begins."""

    folder: Folder
    """The folder or git repository, relative to the scenario file."""
    branch: str = Field(default="", max_length=255)
    """The branch whose newest commit is built (default: the folder with its current files, committed or not)."""
    directory: str = Field(default="/", pattern="^/", max_length=4096)
    """The source directory that contains the apprunner.yaml, from the root of the repository."""


def _local_url(url: str) -> str:
    from simulator.model.local_server import local_server  # noqa: PLC0415 few scenarios have a server that runs already

    local_server(url)
    return url


class RunningSpec(Section):
    """A real application that runs already on this machine, as a single instance. It is neither started nor limited."""

    url: Annotated[str, AfterValidator(_local_url)]
    """Where it listens: `http://127.0.0.1:8000`, an address of this machine."""


RealApplication = ProcessSpec | ContainerSpec | SourceCodeSpec | RunningSpec
"""The real applications. Each `match` over them ends with `assert_never`, so that a new kind must be handled."""


class ApplicationSpec(Section):
    """What runs in an instance.

    A scenario for both clocks gives a simulated and a real application; both should behave alike.
    """

    simulated: SimulatedSpec | None = None
    """The application in virtual time, and in real time if no real application is given."""
    downstream: Mapping[ResourceName, DownstreamSpec] = Field(default_factory=dict)
    """Resources that the requests of the application call, by name: databases, caches, APIs. A real application reaches
    those with `at` by a proxy, whose address it gets in `NAME_HOST` and `NAME_PORT`, and wherever a variable of its
    `environment` contains `${downstream.NAME}`.
    """
    process: ProcessSpec | None = None
    """The application in real time: local processes."""
    container: ContainerSpec | None = None
    """The application in real time: containers."""
    source_code: SourceCodeSpec | None = None
    """The application in real time: built from source code, then run as processes, or as containers of the built image.
    """
    running: RunningSpec | None = None
    """The application in real time: a server that runs already, as the only instance (`max_size: 1`)."""
    real_instances: Count | None = Field(default=None, ge=1)
    """Number of real instances in real time; the remaining instances are simulated. Default: all instances are real."""
    further_instances: Literal["measured", "simulated"] | None = None
    """The instances beyond `real_instances`. measured: they respond in times measured on the real ones. simulated: they
    run the simulated application. Default: simulated with `model`, otherwise measured.
    """
    model: ModelFile | None = None
    """A model file of `simulator calibrate`, relative to the scenario file: its application is `simulated` and
    `downstream` here. Keys that the scenario gives itself replace those of the model.
    """

    def __hash__(self) -> int:
        """Hash only the names of the resources, because mappings are not hashable.

        Equality compares the whole mapping.
        """
        return hash((self.simulated, self.process, self.container, self.source_code, self.running, *self.downstream))

    @property
    def is_real(self) -> bool:
        return self.real is not None

    @property
    def is_measurable(self) -> bool:
        """True if a run in real time measures what the simulated application says."""
        return self.is_real and self.simulated is not None

    @property
    def real(self) -> RealApplication | None:
        """The real application; None if there is only a simulated one."""
        chosen: RealApplication | None = next((getattr(self, name) for name in self._given_real), None)
        return chosen

    @property
    def further_are_simulated(self) -> bool:
        """True if the instances beyond `real_instances` run the simulated application."""
        if self.further_instances is None:
            return self.model is not None
        return self.further_instances == "simulated"

    @property
    def _given_real(self) -> list[str]:
        """Return the names of the real applications that are set."""
        return [name for name in _REAL if getattr(self, name) is not None]

    @model_validator(mode="after")
    def _runs_something(self) -> ApplicationSpec:
        given, names = self._given_real, f"{', '.join(_REAL[:-1])} or {_REAL[-1]}"
        if self.simulated is None and not given:
            msg = f"application = empty, must be simulated, {names}, or simulated and one of these"
            raise ValueError(msg)
        without = [name for name, use in self.downstream.items() if use.at is None]
        if self.simulated is None and without:
            named = ", ".join(without)
            msg = f"downstream = {named}, must have `at`, or be left out: a real application calls real servers"
            raise ValueError(msg)
        self._check_addresses()
        if len(given) > 1:
            msg = f"application = {' and '.join(given)}, must be one of them"
            raise ValueError(msg)
        if self.real_instances is not None and not given:
            msg = f"real_instances = {self.real_instances}, must be left out without {names}"
            raise ValueError(msg)
        if self.further_instances is not None:
            self._check_further(self.further_instances)
        return self

    def _check_further(self, kind: str) -> None:
        missing = "real_instances" if self.real_instances is None else "simulated or model"
        if self.real_instances is None or (self.simulated is None and kind == "simulated"):
            msg = f"further_instances = {kind}, must come with {missing}"
            raise ValueError(msg)

    def _check_addresses(self) -> None:
        """Check that each `${downstream.NAME}` in a variable is a resource with an address."""
        servers = [name for name, use in self.downstream.items() if use.at is not None]
        for part in (self.process, self.container):
            for variable, text in () if part is None else part.environment.items():
                for name in _ADDRESS.findall(text):
                    if name not in servers:
                        known = ", ".join(servers) or "none"
                        where = f"environment.{variable} = ... ${{downstream.{name}}}"
                        msg = f"{where}, must be a resource with `at`: {known}"
                        raise ValueError(msg + did_you_mean(name, servers))


_ADDRESS: Final = re.compile(r"\$\{downstream\.([^}]*)\}")
_REAL: Final = fields_of(ApplicationSpec, get_args(RealApplication))
