"""The section `application.simulated`: an application as distributions of what a request costs, and how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, model_validator

from simulator.rules.stations.cpu_use import CpuOrder, CpuUse
from simulator.scenario.sections.base_model import (
    Count,
    Duration,
    Flag,
    Number,
    PositiveDuration,
    ResourceName,
    Section,
    Share,
    Size,
)
from simulator.scenario.sections.distribution_spec import NOTHING, DistributionSpec
from simulator.scenario.sections.image_spec import ImageSpec
from simulator.scenario.sections.simulated.background_spec import BackgroundSpec

# Processors of one application: as many as the largest machines have.
PARALLELISM_MAX: Final = 1024
VISITS_MAX: Final = 1000  # each is an event of the simulation


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

    @property
    def begin_with_requests(self) -> bool:
        """True if a request may make the application crash, hang or fill its storage."""
        return bool(self.hang_at_start or self.crash_share or self.hang_share or self.request_storage_bytes)


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
    start_up_cpu: DistributionSpec = NOTHING
    """CPU time of the start-up, on one thread: it is added to `start_up`, and takes longer on a part of a vCPU."""
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
    backlog: Count | None = Field(default=None, ge=0)
    """Number of requests that may wait for one of the `workers` inside the application; further ones are answered with
    503 (default: no limit).
    """
    cpu_order: CpuOrder = CpuOrder.SHARED
    """shared: requests that compute share the vCPUs, as threads do. first_come: the CPU work of a request runs to
    completion before that of the next one, as in an event loop (Node.js, asyncio); their `io` still overlaps.
    """
    parallelism: Count | None = Field(default=None, ge=1, le=PARALLELISM_MAX)
    """Processors that the application's code can use at a time: 1 for an event loop, and for threads under a global
    interpreter lock. With `first_come`, the number of requests that compute at a time (default: all vCPUs).
    """
    cpu_visits: Count = Field(default=1, ge=1, le=VISITS_MAX)
    """Parts in which a request computes: its `cpu` and `io` are divided into as many equal parts, which alternate. With
    `first_come` each part waits for its turn, as after each `await` of a handler, or each chunk of a streamed answer.
    """
    contention: Number = Field(default=0.0, ge=0)
    """How much each further computing request slows all of them down: coefficient sigma of the Universal Scalability
    Law. Their CPU time grows.
    """
    coherency: Number = Field(default=0.0, ge=0)
    """How much each pair of computing requests slows all of them down: coefficient kappa of the Universal Scalability
    Law.
    """
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
        given = (
            self.start_up,
            self.start_up_cpu,
            *costs,
            self.cpu_use,
            self.workers,
            self.backlog,
            self.failure_share,
            self.memory,
            self.failures,
        )
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
    def cpu_use(self) -> CpuUse:
        """How the application's code uses the CPU."""
        return CpuUse(self.cpu_order, self.parallelism, self.contention, self.coherency, self.cpu_visits)

    @property
    def memory_use(self) -> tuple[int, int]:
        """Bytes in use at rest, and for each request in progress."""
        if self.memory is not None:
            return self.memory.at_rest_bytes, self.memory.request_bytes
        if self.failures is not None:
            return self.failures.memory_bytes, self.failures.request_memory_bytes
        return 0, 0

    @model_validator(mode="after")
    def _backlog_of_workers(self) -> SimulatedSpec:
        if self.backlog is not None and self.workers is None:
            msg = f"backlog = {self.backlog}, must be left out without workers: no request waits for one"
            raise ValueError(msg)
        return self

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
