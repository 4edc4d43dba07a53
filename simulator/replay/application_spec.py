"""The sections under `application`: what runs in the instances of a service, simulated or real."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from simulator.fleet.images import ImageIdentifier
from simulator.replay.law_spec import NOTHING, LawSpec
from simulator.replay.sections import Count, Flag, Section, Share, Size

_REAL: Final = ("process", "container", "source_code")
_PYTHONS: Final = frozenset({"python", "python3"})


class FailuresSpec(Section):
    """How the application fails. What is left out never happens."""

    crash_at_start: Share = 0.0
    """Share of the starts that end in a crash when the start-up is over."""
    hang_at_start: Share = 0.0
    """Share of the starts after which it takes connections and answers nothing. Only an HTTP check finds it."""
    crash_share: Share = 0.0
    """Share of the requests that crash it."""
    hang_share: Share = 0.0
    """Share of the requests after which it answers nothing any more, these and all others."""
    exit_code: Count = Field(default=1, ge=0, le=255)
    """The exit code of a crash."""
    memory_bytes: Size = 0
    """What it takes at rest. More than the instance has is the end: out of memory, exit code 137."""
    request_memory_bytes: Size = 0
    """What each request in progress takes in addition."""
    request_storage_bytes: Size = 0
    """Files that each request leaves. More than 3 GB is the end: ephemeral storage is full."""
    ignores_sigterm: Flag = False
    """It does not end by itself when it is stopped."""


class PathSpec(Section):
    """What the requests for a path cost, where it is not what the others cost."""

    cpu: LawSpec | None = None
    """CPU time of a request; that of the application if left out."""
    io: LawSpec | None = None
    """Time that a request waits for something else; that of the application if left out."""


class SimulatedSpec(Section):
    """A simulated application: what a request costs, as distributions."""

    start_up: LawSpec = NOTHING
    """From the launch of the container until it listens."""
    cpu: LawSpec = NOTHING
    """CPU time of a request. The instance's vCPUs are shared by the requests in progress."""
    io: LawSpec = NOTHING
    """Time that a request waits for something else (a database, a sleep); it uses no CPU."""
    paths: Mapping[Annotated[str, Field(pattern="^/[^?]*$")], PathSpec] = Field(default_factory=dict)
    """Paths with work of their own, each as it stands in `requests` without its query."""
    workers: Count | None = Field(default=None, ge=1)
    """Requests that the application itself works on at once; the rest wait inside it. Left out: no limit."""
    failure_share: Share = 0.0
    """Share of the requests that the application answers with 500."""
    failures: FailuresSpec | None = None
    """How instances crash, hang, and run out of memory or storage."""

    def __hash__(self) -> int:
        """The names of paths stand for what they cost: a mapping has no hash, and equality looks at all of it."""
        told = (self.start_up, self.cpu, self.io, self.workers, self.failure_share, self.failures)
        return hash((*told, *self.paths))

    def works(self) -> list[tuple[LawSpec, LawSpec]]:
        """(CPU, I/O) of requests: the application's own first, then those of its paths."""
        return [(self.cpu, self.io), *((told.cpu or self.cpu, told.io or self.io) for told in self.paths.values())]


def _split_command(value: object) -> object:
    """A command line becomes its words, as a shell would split it; no shell runs it."""
    return shlex.split(value) if isinstance(value, str) else value


def variable_text(value: object) -> object:
    """`WORKERS: 4` is as good as `WORKERS: "4"`: a variable is text in the end."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _beside_the_file(value: str, info: ValidationInfo) -> Path:
    """`value` as a folder that exists, relative to the scenario file."""
    folder = Path((info.context or {}).get("folder", ".")) / value
    if not folder.is_dir():
        msg = f"working_directory = {value!r}, must be an existing folder, relative to the scenario file"
        raise ValueError(msg)
    return folder


Folder = Annotated[Any, BeforeValidator(str), AfterValidator(_beside_the_file), WithJsonSchema({"type": "string"})]


class ProcessSpec(Section):
    """A real application: a local process for each instance. It must listen on `$HOST:$PORT`."""

    command: Annotated[
        tuple[str, ...],
        BeforeValidator(_split_command),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = Field(min_length=1)
    """The command line, or a list of its words. `python` as first word is the interpreter that runs the simulator."""
    environment: Mapping[str, Annotated[str, BeforeValidator(variable_text)]] = Field(default_factory=dict)
    """More environment variables for the process."""
    working_directory: Folder = Field(default=".", validate_default=True)
    """The folder in which the command runs, relative to the scenario file; that file's own folder if left out."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words to execute. On a machine where no `python` is on the PATH, the running interpreter stands in."""
        first, *rest = self.command
        return (sys.executable if first in _PYTHONS else first, *rest)


def _image_identifier(text: str) -> str:
    return ImageIdentifier(text).text


class ContainerSpec(Section):
    """A real application: a container for each instance, from an image of the local engine."""

    image: Annotated[str, AfterValidator(_image_identifier)] = Field(min_length=1, max_length=1024)
    """An image of the local engine. An identifier of ECR or ECR Public stands for the local image of its name."""
    command: Annotated[
        tuple[str, ...],
        BeforeValidator(_split_command),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = ()
    """The start command, or a list of its words; the image's own if left out."""
    port: Count = Field(default=8080, ge=1, le=65535)
    """The port that the application listens on, on every address of the container. It gets it as `PORT`."""
    environment: Mapping[str, Annotated[str, BeforeValidator(variable_text)]] = Field(default_factory=dict)
    """More environment variables for the container."""
    egress: str = Field(default="DEFAULT", min_length=1)
    """DEFAULT: the engine's own network. NONE: no way out. Otherwise the name of a network of the engine, as a VPC."""


class SourceCodeSpec(Section):
    """A real application: what is built from a folder by its apprunner.yaml, before the run begins."""

    folder: Folder
    """The folder, or a git repository, relative to the scenario file."""
    branch: str = Field(default="", max_length=255)
    """The branch whose newest commit is built; the folder as it is, saved and not committed, if left out."""
    directory: str = Field(default="/", pattern="^/", max_length=4096)
    """The source directory with the apprunner.yaml, from the repository's root."""


class ApplicationSpec(Section):
    """What runs in an instance. A scenario for both clocks tells both; they should behave alike."""

    simulated: SimulatedSpec | None = None
    """The application in virtual time (and in real time, when nothing real is told)."""
    process: ProcessSpec | None = None
    """The application in real time: local processes."""
    container: ContainerSpec | None = None
    """The application in real time: containers."""
    source_code: SourceCodeSpec | None = None
    """The application in real time: built from source code, then processes, or containers of what was built."""
    real_instances: Count | None = Field(default=None, ge=1)
    """In real time, so many instances are real; the rest is simulated from the times that these show. Left out: all."""

    @property
    def is_real(self) -> bool:
        return self._kinds > 0

    @property
    def _kinds(self) -> int:
        """Of real applications."""
        return sum(told is not None for told in (self.process, self.container, self.source_code))

    @model_validator(mode="after")
    def _runs_something(self) -> ApplicationSpec:
        if self.simulated is None and not self.is_real:
            msg = (
                "application = empty, must be simulated, process, container or source_code, or simulated and one of "
                "these"
            )
            raise ValueError(msg)
        if self._kinds > 1:
            told = " and ".join(name for name in _REAL if getattr(self, name) is not None)
            msg = f"application = {told}, must be one of them"
            raise ValueError(msg)
        if self.real_instances is not None and not self.is_real:
            msg = f"real_instances = {self.real_instances}, must be left out without process, container or source_code"
            raise ValueError(msg)
        return self
