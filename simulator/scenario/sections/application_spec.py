"""The sections under `application`: what runs in the instances of a service, simulated or real."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, get_args

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from simulator.model.images import ImageIdentifier
from simulator.scenario.problems import did_you_mean
from simulator.scenario.sections.base_model import (
    Count,
    Duration,
    Flag,
    PositiveDuration,
    Section,
    Share,
    Size,
    fields_of,
)
from simulator.scenario.sections.distribution_spec import NOTHING, DistributionSpec
from simulator.scenario.sections.downstream_spec import DownstreamSpec
from simulator.scenario.sections.image_spec import ImageSpec
from simulator.scenario.sections.simulated.background_spec import BackgroundSpec

_PYTHONS: Final = frozenset({"python", "python3"})

ResourceName = Annotated[str, Field(pattern="^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]


class FailuresSpec(Section):
    """How the application fails. A failure that is left out never happens."""

    crash_at_start: Share = 0.0
    """Share of the starts that end in a crash at the end of the start-up."""
    hang_at_start: Share = 0.0
    """Share of the starts after which the application accepts connections and answers nothing. Only an HTTP health
    check detects it.
    """
    crash_share: Share = 0.0
    """Share of the requests that crash the application."""
    hang_share: Share = 0.0
    """Share of the requests after which the application stops answering: this request and all others."""
    exit_code: Count = Field(default=1, ge=0, le=255)
    """Exit code of a crash."""
    memory_bytes: Size = 0
    """Memory in use without requests. If it exceeds the instance's memory, the application is killed: out of memory,
    exit code 137.
    """
    request_memory_bytes: Size = 0
    """Additional memory for each request in progress."""
    request_storage_bytes: Size = 0
    """Size of the files that each request leaves behind. Above 3 GB in total the application fails: ephemeral storage
    is full.
    """
    ignores_sigterm: Flag = False
    """The application does not exit on SIGTERM."""


class PathSpec(Section):
    """Cost of the requests for one path, where it differs from the application's."""

    cpu: DistributionSpec | None = None
    """CPU time of a request (default: the application's)."""
    io: DistributionSpec | None = None
    """Time that a request waits for something else (default: the application's)."""
    cpu_per_mb_s: Duration | None = None
    """Additional CPU time per MB of the request's and the response's bodies (default: the application's)."""
    io_per_mb_s: Duration | None = None
    """Additional time without CPU per MB of the bodies (default: the application's)."""


class CpuQuotaSpec(Section):
    """The vCPUs of an instance as a quota in each period, as a container's CPU limit works (CFS bandwidth control)."""

    period_s: PositiveDuration = 0.1  # the kernel's and the container engines' default; V10's latency agrees with it
    """Length of a period: in each, the requests run at full speed until vCPUs x period are used, then they stop."""
    # ASSUMPTION: the smallest hosts of containers have two processors; `nproc` in a container settles it.
    cores: Count = Field(default=2, ge=1, le=64)
    """Processors of the host that the requests of an instance can use at a time."""
    shared_core_speed: Annotated[Share, Field(gt=0)] = 1.0
    """Speed of a processor while the other hardware thread of its core computes too, as a share of its speed alone.
    100 %: each processor is a core of its own. Two threads of a core do about 1.3 times the work of one: 65 %.
    """


class MemorySpec(Section):
    """The memory of the application that metrics of memory utilisation show."""

    # ASSUMPTION: a small web application has some 200 MB at rest and some MB for each request; the memory of its
    # processes, idle and under a known load, settles both.
    at_rest_bytes: Size = 200 * 1024**2
    """Memory in use without requests."""
    request_bytes: Size = 2 * 1024**2
    """Additional memory for each request in progress."""


class SimulatedSpec(Section):
    """A simulated application: what a request costs, as distributions."""

    start_up: DistributionSpec = NOTHING
    """Time from the start of the container until the application listens."""
    cpu: DistributionSpec = NOTHING
    """CPU time of a request. The requests in progress share the instance's vCPUs."""
    io: DistributionSpec = NOTHING
    """Time that a request waits for something else (a database, a sleep); it uses no CPU."""
    cpu_per_mb_s: Duration = 0.0
    """Additional CPU time per MB of the request's and the response's bodies."""
    io_per_mb_s: Duration = 0.0
    """Additional time without CPU per MB of the bodies (a transfer, a storage)."""
    paths: Mapping[Annotated[str, Field(pattern="^/[^?]*$")], PathSpec] = Field(default_factory=dict)
    """Paths with a cost of their own, written as in `requests`, without the query string."""
    workers: Count | None = Field(default=None, ge=1)
    """Number of requests that the application processes at once; further requests wait inside it. Default: no limit."""
    failure_share: Share = 0.0
    """Share of the requests that the application answers with 500."""
    memory: MemorySpec | None = None
    """Memory in use, on which a policy can scale. An instance that uses more than its size has is killed (default: that
    of `failures`).
    """
    failures: FailuresSpec | None = None
    """How instances crash, hang, and run out of memory or storage."""
    image: ImageSpec | None = None
    """The image that each instance pulls before its start-up (default: it is there)."""
    cpu_quota: CpuQuotaSpec | None = None
    """The vCPUs are a quota in each period (default: requests share them continuously)."""
    background: Mapping[ResourceName, BackgroundSpec] = Field(default_factory=dict)
    """Work of every instance beside its requests, by name. It stalls while the instance is idle (`throttling`)."""

    def __hash__(self) -> int:
        """Hash only the names in mappings, which are not hashable. Equality compares the whole mappings."""
        costs = (self.cpu, self.io, self.cpu_per_mb_s, self.io_per_mb_s)
        given = (self.start_up, *costs, self.workers, self.failure_share, self.memory, self.failures)
        return hash((*given, *self.paths, *self.background))

    @property
    def depends_on_size(self) -> bool:
        """True if the work of a request depends on the size of its bodies."""
        return bool(
            self.cpu_per_mb_s
            or self.io_per_mb_s
            or any(given.cpu_per_mb_s or given.io_per_mb_s for given in self.paths.values())
        )

    @property
    def memory_use(self) -> tuple[int, int]:
        """Bytes in use at rest, and for each request in progress."""
        if self.memory is not None:
            return self.memory.at_rest_bytes, self.memory.request_bytes
        if self.failures is not None:
            return self.failures.memory_bytes, self.failures.request_memory_bytes
        return 0, 0

    @model_validator(mode="after")
    def _one_memory(self) -> SimulatedSpec:
        failures = self.failures
        if (
            self.memory is not None
            and failures is not None
            and (failures.memory_bytes or failures.request_memory_bytes)
        ):
            msg = "failures = memory or request_memory, must be left out beside `memory`, which has both"
            raise ValueError(msg)
        return self

    def works(self) -> list[tuple[DistributionSpec, DistributionSpec]]:
        """Return (CPU, I/O) distributions of requests: the application's own first, then those of its paths."""
        return [(self.cpu, self.io), *((given.cpu or self.cpu, given.io or self.io) for given in self.paths.values())]


def _split_command(value: object) -> object:
    """Split a command line into words as a shell would. No shell runs the command."""
    return shlex.split(value) if isinstance(value, str) else value


def variable_text(value: object) -> object:
    """Convert a variable's value to text: `WORKERS: 4` means the same as `WORKERS: "4"`."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _beside_the_file(value: str, info: ValidationInfo) -> Path:
    """Return `value` as an existing folder; a relative path starts at the folder of the scenario file."""
    folder = Path((info.context or {}).get("folder", ".")) / value
    if not folder.is_dir():
        msg = f"working_directory = {value!r}, must be an existing folder, relative to the scenario file"
        raise ValueError(msg)
    return folder


Folder = Annotated[Any, BeforeValidator(str), AfterValidator(_beside_the_file), WithJsonSchema({"type": "string"})]


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


RealApplication = ProcessSpec | ContainerSpec | SourceCodeSpec
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
    real_instances: Count | None = Field(default=None, ge=1)
    """Number of real instances in real time; the remaining instances are simulated with the times measured on the real
    ones. Default: all instances are real.
    """

    def __hash__(self) -> int:
        """Hash only the names of the resources, because mappings are not hashable.

        Equality compares the whole mapping.
        """
        return hash((self.simulated, self.process, self.container, self.source_code, *self.downstream))

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
        return self

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
