"""The simulated application as a value; the driver of simulated instances launches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, Self

from simulator.model.instance import IDLE_VCPU, WAKE_MEDIAN_S, WAKE_P95_S
from simulator.rules.downstream import OnFull
from simulator.rules.image_pulls import ImageToPull
from simulator.rules.stations.cpu_use import ALL_SHARED, CpuUse
from simulator.world.distributions import Constant, Distribution, LogNormal

if TYPE_CHECKING:
    from simulator.rules.stations.cpu_quota import CpuQuota

NOTHING = Constant(0.0)
# The answer to a request beyond the backlog.
# ASSUMPTION: at once, as uvicorn with --limit-concurrency. A full accept queue drops packets, so that the answer, also
# 503, comes after the load balancer's time limit for connecting. Requests beyond its limit settle it.
REFUSED_STATUS = 503
# Unfinished jobs of one kind of background work in an instance; further ones are missed, as with a bounded queue in
# memory.
JOBS_MAX: Final = 10_000
WAKE: Final = LogNormal.of_median(WAKE_MEDIAN_S, WAKE_P95_S)  # the wake of an instance of App Runner


@dataclass(frozen=True, slots=True)
class Failures:
    """How a simulated application fails; shares are 0 to 1.

    `crash_at_start`, `hang_at_start`: shares of the starts. `crash_share`, `hang_share`: shares of the requests whose
    work begins. A crash ends the instance with `exit_code`; an application that hangs accepts connections but never
    responds from then on. `memory_bytes`: memory at rest; `request_memory_bytes`: added by each request in progress. An
    instance that exceeds the memory of its size ends. `request_storage_bytes`: files that each request leaves; an
    instance that exceeds its ephemeral storage ends. `ignores_sigterm`: SIGTERM has no effect, only SIGKILL ends it.

    Raises:
        ValueError: if a value is out of range.
    """

    crash_at_start: float = 0.0
    hang_at_start: float = 0.0
    crash_share: float = 0.0
    hang_share: float = 0.0
    exit_code: int = 1
    memory_bytes: int = 0
    request_memory_bytes: int = 0
    request_storage_bytes: int = 0
    ignores_sigterm: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.exit_code <= 255:
            msg = f"exit_code = {self.exit_code}, must be 0 to 255"
            raise ValueError(msg)
        for name in ("crash_at_start", "hang_at_start", "crash_share", "hang_share"):
            if not 0 <= getattr(self, name) <= 1:
                msg = f"{name} = {getattr(self, name):g}, must be 0 to 1"
                raise ValueError(msg)
        for name in ("memory_bytes", "request_memory_bytes", "request_storage_bytes"):
            if getattr(self, name) < 0:
                msg = f"{name.removesuffix('_bytes')} = {getattr(self, name)}, must be at least 0"
                raise ValueError(msg)


class PathWork(NamedTuple):
    """The work of requests to a path (without query): distributions, and additional seconds per MB of the bodies."""

    path: str
    cpu: Distribution
    io: Distribution
    cpu_per_mb_s: float = 0.0
    io_per_mb_s: float = 0.0


@dataclass(frozen=True, slots=True)
class BackgroundWork:
    """Work that an instance does beside its requests: jobs that use `cpu` seconds, on one thread, in order.

    A job is due every `every_s` seconds, or after each answered request with probability `request_share`; the other of
    both is None.

    Raises:
        ValueError: if both are given or neither, or if one is out of range.
    """

    name: str
    cpu: Distribution
    every_s: float | None = None
    request_share: float | None = None

    def __post_init__(self) -> None:
        if (self.every_s is None) == (self.request_share is None):
            given = "both" if self.every_s is not None else "neither"
            msg = f"background work {self.name} = {given}, must have either `every` or `after_requests`"
            raise ValueError(msg)
        if self.every_s is not None and not 0 < self.every_s < float("inf"):
            msg = f"every of background work {self.name} = {self.every_s:g} s, must be above 0 and finite"
            raise ValueError(msg)
        if self.request_share is not None and not 0 < self.request_share <= 1:
            msg = f"after_requests of background work {self.name} = {self.request_share:g}, must be above 0, at most 1"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class DownstreamResource:
    """A database, cache or API, identified by its name, that all instances of all services share (rules/downstream.py).

    `service`, `connect`: seconds that a call and the opening of a connection take without contention. `queue`: number
    of attempts to connect that may wait (None: no limit); with WAIT, each waits at most `wait_s`. The resource closes
    connections that have been idle for `server_idle_timeout_s` (None: never).
    """

    name: str
    connections: int
    service: Distribution
    connect: Distribution = NOTHING
    on_full: OnFull = OnFull.ERROR
    queue: int | None = None
    wait_s: float = 0.0
    contention: float = 0.0
    coherency: float = 0.0
    server_idle_timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class DownstreamUse:
    """How an application calls a downstream resource.

    `pool`: maximum number of connections of an instance, which keeps them open; None: a connection per call.
    `min_idle`: number opened when the instance starts, and kept. `idle_timeout_s`, `max_lifetime_s`: the pool closes
    connections that have been idle or open for that time (None: never). `timeout_s`: limit of an attempt, including the
    wait for a connection; None: no limit. `retries`: number of further attempts, the first after `backoff_s`; each
    further pause is twice as long. `share`: share of the requests (of those for `paths`, if there are any) that make
    `calls` calls, one after the other.
    """

    resource: DownstreamResource
    pool: int | None = None
    min_idle: int = 0
    idle_timeout_s: float | None = None
    max_lifetime_s: float | None = None
    timeout_s: float | None = None
    retries: int = 0
    backoff_s: float = 0.0
    share: float = 1.0
    paths: tuple[str, ...] = ()
    calls: int = 1


@dataclass(frozen=True, slots=True)
class SimulatedApplication:
    """An application as distributions of times in seconds.

    `start_up`: time until it listens; `start_up_cpu`: CPU time of the start-up, on one thread, which takes longer
    on a part of a vCPU, and is added. `workers`: number of requests processed at once; None: no limit. `backlog`:
    number of requests that wait for a worker; further ones are answered with 503 (None: no limit). `failure_share`:
    share of responses with status 500. `paths`: the work of requests to particular paths. `cpu_per_mb_s`,
    `io_per_mb_s`: additional seconds per MB of the bodies of request and response, for all other paths.
    `exit_code`: code with which the application exits after its start-up without ever listening; None: it keeps
    running. `downstream`: the resources that requests call after their own work, in this order. `image`: pulled for
    each instance before its start-up. `cpu_quota`: the vCPUs of the instance are a quota in each period
    (rules/stations/cpu_quota.py); None: requests share them continuously. `cpu_use`: how the application's code
    uses them (rules/stations/cpu_use.py). `wake`: the time until an idle instance has its CPU again. `background`:
    its work beside requests, which has `idle_vcpu` vCPUs while the instance is idle (None: as many as otherwise).

    Raises:
        ValueError: if a number is out of range.
    """

    start_up: Distribution = NOTHING
    start_up_cpu: Distribution = NOTHING
    cpu: Distribution = NOTHING
    io: Distribution = NOTHING
    workers: int | None = None
    backlog: int | None = None
    failure_share: float = 0.0
    failures: Failures | None = None
    wake: Distribution = NOTHING
    exit_code: int | None = None
    paths: tuple[PathWork, ...] = ()
    cpu_per_mb_s: float = 0.0
    io_per_mb_s: float = 0.0
    downstream: tuple[DownstreamUse, ...] = ()
    image: ImageToPull | None = None
    cpu_quota: CpuQuota | None = None
    cpu_use: CpuUse = ALL_SHARED
    background: tuple[BackgroundWork, ...] = ()
    idle_vcpu: float | None = IDLE_VCPU

    is_simulated: ClassVar[bool] = True
    has_own_loopback: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            msg = f"workers = {self.workers}, must be at least 1"
            raise ValueError(msg)
        if self.backlog is not None and self.backlog < 0:
            msg = f"backlog = {self.backlog}, must be at least 0"
            raise ValueError(msg)
        if not 0 <= self.failure_share <= 1:
            msg = f"failure_share = {self.failure_share:g}, must be 0 to 1"
            raise ValueError(msg)
        for name in ("cpu_per_mb_s", "io_per_mb_s"):
            if not 0 <= getattr(self, name) < float("inf"):
                msg = f"{name.removesuffix('_s')} = {getattr(self, name):g} s, must be at least 0 and finite"
                raise ValueError(msg)
        if self.exit_code is not None and not 0 <= self.exit_code <= 255:
            msg = f"exit_code = {self.exit_code}, must be 0 to 255"
            raise ValueError(msg)
        if self.idle_vcpu is not None and not 0 <= self.idle_vcpu < float("inf"):
            msg = f"idle_vcpu = {self.idle_vcpu:g}, must be at least 0 and finite"
            raise ValueError(msg)
        for names in ([work.path for work in self.paths], [work.name for work in self.background]):
            double = next((name for name in names if names.count(name) > 1), None)
            if double is not None:
                msg = f"{double} is given {names.count(double)} times, must be given once"
                raise ValueError(msg)

    @property
    def requests_may_wait(self) -> bool:
        """True if requests wait for a worker or for their turn to compute, also those that need no CPU time."""
        return self.workers is not None or self.cpu_use.has_turns

    @property
    def has_kinds_of_work(self) -> bool:
        """Return True if the work of a request depends on its path or size."""
        return bool(self.paths or self.cpu_per_mb_s or self.io_per_mb_s)

    @property
    def environment(self) -> Mapping[str, str]:
        return {}

    def why_no_egress_rules(self, engine: str) -> str:
        """Return why the rules of VPCs cannot be enforced for its instances: they send nothing."""
        del engine
        return "its instances are simulated"

    def configured(self, command: tuple[str, ...], variables: Mapping[str, str], port: int) -> Self:
        """Return the application itself: it runs no command and reads no variables."""
        del command, variables, port
        return self
