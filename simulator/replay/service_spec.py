"""The sections under `services`: what App Runner is told about a service, and what runs in its instances."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from simulator.model.health import HealthCheck, HealthProtocol
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.replay.law_spec import NOTHING, LawSpec
from simulator.replay.policy_spec import DEFAULT_POLICY, Policy, policy_named
from simulator.replay.sections import Count, Cpu, Duration, Memory, Number, Section, Share
from simulator.rules.pricing import REGION_DEFAULT, REGIONS, Rates, rates_of

_PYTHONS: Final = frozenset({"python", "python3"})


class HealthCheckSpec(Section):
    """App Runner's health check configuration."""

    protocol: Literal["TCP", "HTTP"] = "TCP"
    """TCP: the port accepts a connection. HTTP: a GET of `path` succeeds."""
    path: str = Field(default="/", pattern="^/")
    """The path that an HTTP check gets."""
    interval_s: Duration = Field(default=5.0, ge=1, le=20)
    """Time between checks, 1 to 20 s."""
    timeout_s: Duration = Field(default=2.0, ge=1, le=20)
    """Time that a check may take, 1 to 20 s."""
    healthy_threshold: Count = Field(default=1, ge=1, le=20)
    """Successes in a row that make an instance healthy, 1 to 20."""
    unhealthy_threshold: Count = Field(default=5, ge=1, le=20)
    """Failures in a row that make an instance unhealthy, 1 to 20."""


class OverflowSpec(Section):
    """What happens to a request when every instance has MaxConcurrency requests in progress."""

    mode: Literal["refuse", "hold"] = "refuse"
    """refuse: 429 at once, as App Runner does. hold: wait for a free place."""
    wait_s: Duration = 10.0
    """With hold: how long a request waits before it is refused."""
    queue: Count = Field(default=1000, ge=1)
    """With hold: how many requests may wait; one more is refused at once."""


def _known_region(region: str) -> str:
    rates_of(region)
    return region


class PricesSpec(Section):
    """The prices to bill with, in USD: a Region's, single ones replaced where given."""

    region: Annotated[str, AfterValidator(_known_region), WithJsonSchema({"type": "string", "enum": list(REGIONS)})] = (
        REGION_DEFAULT
    )
    """The Region whose prices apply."""
    provisioned_gb_hour: Number | None = Field(default=None, ge=0)
    """USD for a GB of provisioned memory, per hour."""
    active_vcpu_hour: Number | None = Field(default=None, ge=0)
    """USD for an active vCPU, per hour."""
    active_gb_hour: Number | None = Field(default=None, ge=0)
    """USD for a GB of active memory, per hour."""

    @property
    def rates(self) -> Rates:
        replaced = self.model_dump(exclude={"region"}, exclude_none=True)
        return dataclasses.replace(rates_of(self.region), **replaced)


class SimulatedSpec(Section):
    """A simulated application: what a request costs, as distributions."""

    start_up: LawSpec = NOTHING
    """From the launch of the container until it listens."""
    cpu: LawSpec = NOTHING
    """CPU time of a request. The instance's vCPUs are shared by the requests in progress."""
    io: LawSpec = NOTHING
    """Time that a request waits for something else (a database, a sleep); it uses no CPU."""
    workers: Count | None = Field(default=None, ge=1)
    """Requests that the application itself works on at once; the rest wait inside it. Left out: no limit."""
    failure_share: Share = 0.0
    """Share of the requests that the application answers with 500."""


def _split_command(value: object) -> object:
    """A command line becomes its words, as a shell would split it; no shell runs it."""
    return shlex.split(value) if isinstance(value, str) else value


def _variable_text(value: object) -> object:
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
    environment: Mapping[str, Annotated[str, BeforeValidator(_variable_text)]] = Field(default_factory=dict)
    """More environment variables for the process."""
    working_directory: Folder = Field(default=".", validate_default=True)
    """The folder in which the command runs, relative to the scenario file; that file's own folder if left out."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words to execute. On a machine where no `python` is on the PATH, the running interpreter stands in."""
        first, *rest = self.command
        return (sys.executable if first in _PYTHONS else first, *rest)


class ApplicationSpec(Section):
    """What runs in an instance. A scenario for both clocks tells both; they should behave alike."""

    simulated: SimulatedSpec | None = None
    """The application in virtual time (and in real time, when there is no process)."""
    process: ProcessSpec | None = None
    """The application in real time."""

    @model_validator(mode="after")
    def _runs_something(self) -> ApplicationSpec:
        if self.simulated is None and self.process is None:
            msg = "application = empty, must be simulated, process, or both"
            raise ValueError(msg)
        return self


class ServiceSpec(Section):
    """One App Runner service."""

    cpu_units: Cpu = 1024
    """vCPU of an instance: 0.25, 0.5, 1, 2 or 4."""
    memory_mb: Memory = 2048
    """Memory of an instance; App Runner sells certain pairs of vCPU and memory only."""
    max_concurrency: Count = Field(default=100, ge=1, le=200)
    """Requests in progress that an instance may have, 1 to 200."""
    min_size: Count = Field(default=1, ge=0, le=25)
    """Instances that are always provisioned, 1 to 25; 0 only with a policy that scales to zero."""
    max_size: Count = Field(default=25, ge=1)
    """Instances at most."""
    initial_size: Count | None = Field(default=None, ge=0)
    """Instances that are ready when the run starts; `min_size` if left out."""
    health_check_spec: HealthCheckSpec = HealthCheckSpec()
    """The health check configuration."""
    policy: Policy = Field(default_factory=lambda: policy_named(DEFAULT_POLICY))
    """The scaling policy: a name, or a name with parameters."""
    overflow: Annotated[OverflowSpec, BeforeValidator(lambda v: {"mode": v} if isinstance(v, str) else v)] = (
        OverflowSpec()
    )
    """What happens when every instance is full."""
    balancing: Literal["least-outstanding", "round-robin", "two-choices", "random", "newest-first"] = (
        "least-outstanding"
    )
    """Which instance with a free place gets a request."""
    request_timeout_s: Duration = Field(default=120.0, gt=0)
    """Total time of a request; App Runner's is 120 s and fixed."""
    drain_timeout_s: Duration = 120.0
    """How long an instance that leaves may go on with its requests."""
    stop_grace_s: Duration = 30.0
    """Time between SIGTERM and SIGKILL."""
    wake_s: Duration = 0.0
    """Delay of a request that wakes an idle instance."""
    idle_after_s: Duration = 60.0
    """Time without a request after which an active instance falls idle."""
    prices: PricesSpec = PricesSpec()
    """The prices to bill with."""
    application: ApplicationSpec
    """What runs in an instance."""

    @property
    def size(self) -> InstanceSize:
        return InstanceSize(self.cpu_units, self.memory_mb)

    @property
    def scaling(self) -> AutoScalingConfiguration:
        return AutoScalingConfiguration(self.max_concurrency, self.min_size, self.max_size)

    @property
    def health_check(self) -> HealthCheck:
        told = self.health_check_spec
        return HealthCheck(
            HealthProtocol(told.protocol),
            told.path,
            told.interval_s,
            told.timeout_s,
            told.healthy_threshold,
            told.unhealthy_threshold,
        )

    @property
    def ready_at_start(self) -> int:
        """Instances that are ready when the run starts."""
        return self.min_size if self.initial_size is None else self.initial_size
