"""The ports of the fleet: a driver, the instances that it launches, the requests that they get, and the pool's supply.

The same contract holds for simulated instances, local processes and containers; pool, prober and autoscaler do not
distinguish them. `PooledExchange` (exchange.py) implements `Exchange`, and `Instance` (instance.py) implements
`ServingInstance`. `PoolSupply` is the interface of the pool that replica set and autoscaler use.
"""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from simulator.model.health import HealthCheck, stopped_line
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.model.times import LoopTime
from simulator.model.wire_fault import WireFault
from simulator.rules.policies.port import Sample
from simulator.rules.start_stages import Kept

InstanceT = TypeVar("InstanceT")
InstanceT_contra = TypeVar("InstanceT_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """The specification of an instance to launch."""

    service: str
    number: int  # number within the service, from 1, never reused
    size: InstanceSize
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # includes secrets
    port: int = 0  # from the service's configuration; 0 if not specified
    # the platform's initialisation before a simulated application's start-up; real ones have theirs
    init_s: float = 0.0
    kept: Kept = Kept.NOTHING  # what a simulated instance still has from an earlier time


class ExitStatus(NamedTuple):
    """The exit status of an instance.

    `code`: exit code as containers report it, 128 + n for signal n. `detail`: further explanation.
    """

    code: int
    detail: str = ""

    @property
    def sentence(self) -> str:
        """App Runner's sentence (facts 9), verbatim, followed by `detail` if that adds information."""
        text = stopped_line(self.code)
        more = self.detail.removeprefix(f"Container exit code: {self.code}").removeprefix(", ")
        return f"{text} ({more})" if more else text


class ResourceUsage(NamedTuple):
    """Resource usage of an instance: CPU seconds since its launch, and bytes of memory in use now.

    `throttled_s`: seconds since its launch for which a CPU quota has stopped it, added over its CPUs; NaN if unknown.
    """

    cpu_s: float
    memory_bytes: float
    throttled_s: float = math.nan


class LaunchError(Exception):
    """The instance could not be launched, for example: program not found, no free port. The message has the cause."""


class NotReady(LaunchError):
    """An instance did not become ready, or ended soon after it became ready.

    `why`: the reason, in App Runner's words if they are known. `slow`: True if the start-up allowance ran out. `saw`: a
    sentence of the simulator about what the health checks observed; empty if it adds nothing.
    """

    def __init__(self, service: str, why: str, *, slow: bool, saw: str = "") -> None:
        self.why = why
        self.slow = slow
        self.saw = saw
        super().__init__(f"service {service}: {why}{' ' if saw else ''}{saw}")


class Exchange(Protocol):
    """A request as its instance and backend see it; the attributes are those of `PooledExchange`."""

    arrived_s: LoopTime
    granted_s: LoopTime
    begun_s: LoopTime
    cold_s: float
    cpu_s: float
    io_s: float
    status: int
    open: bool

    @property
    def instance(self) -> ServingInstance | None: ...

    @property
    def path(self) -> str: ...
    @property
    def body_bytes(self) -> int: ...

    def begin(self) -> None:
        """Forward the request to the backend of its instance."""

    def answered(self, status: int) -> None:
        """Process the complete response of a simulated instance."""

    def inject_fault(self, fault: WireFault) -> None:
        """Inject `fault` into the response; call before `begin`."""


class ServingInstance(Protocol):
    """The instance on which an exchange has its slot. `outstanding`: number of its requests, including this one."""

    number: int
    outstanding: int

    @property
    def backend(self) -> Backend: ...


class Backend(Protocol):
    """A launched instance. Its owner is the pool's `Instance`."""

    exited: asyncio.Future[ExitStatus]  # done when the instance has ended, by itself or after `stop` or `kill`

    def begin(self, exchange: Exchange) -> None:
        """Forward the request. The exchange ends by `exchange.answered`, or by the load balancer if it uses sockets."""

    def abort(self, exchange: Exchange) -> None:
        """Abandon the exchange because of a time limit or because its client disconnected.

        The application is not notified and may continue to process the request.
        """

    async def probe(self, check: HealthCheck) -> str | None:
        """Send one health check, bounded by `check.timeout_s`. Return None if it passed, else why it failed."""

    def throttle(self) -> None:
        """Make the instance idle: it keeps its memory and loses its CPU."""

    def wake(self) -> float:
        """Restore the CPU. Return the seconds after which requests may be forwarded (0: at once)."""

    async def stop(self, grace_s: float) -> None:
        """Send SIGTERM, wait up to `grace_s`, then send SIGKILL. Idempotent; returns when the instance is removed."""

    def kill(self) -> None:
        """End the instance at once, as a crash does. `exited` is set afterwards."""

    def usage(self) -> ResourceUsage | None:
        """Return the usage so far; None if it cannot be measured, as with a container engine on another machine."""

    def listens_s(self) -> float:
        """Return the loop time before which every health check certainly fails; 0 if that is unknown."""

    def explain(self) -> str:
        """Return what can be observed from outside about why requests do not reach it; empty if nothing can."""


class InstanceActivity(Protocol[InstanceT_contra]):
    """Gets notified by the pool when instances get work and when they have none left (replicas/activity.py)."""

    def wake(self, instance: InstanceT_contra, /) -> float:
        """Make an idle instance active. Return the seconds after which it may get requests (0: at once)."""

    def quiet(self, instance: InstanceT_contra, /) -> None:
        """Called when the instance has no outstanding request left."""


class PoolSupply(Protocol[InstanceT]):
    """The interface of a service's pool for the replica set, the autoscaler, the platform and displays.

    Implemented by the pool (pool/pool.py) and by the compiled backend (lab/compiled/pool.py), which computes requests
    elsewhere. Each creates its own instances, of one class.
    """

    @property
    def ready(self) -> Mapping[int, InstanceT]:
        """The instances in service by number, in the order in which they became ready."""

    @property
    def scaling(self) -> AutoScalingConfiguration:
        """The configuration in force."""

    @property
    def health_is_certain(self) -> bool:
        """True if instances never become unhealthy, so that probing can be skipped."""

    @property
    def in_flight(self) -> int:
        """The number of requests that hold a slot."""

    @property
    def queued(self) -> int:
        """The number of requests that wait for a slot."""

    def set_activity(self, activity: InstanceActivity[InstanceT]) -> None:
        """Notify `activity` of the work of instances; call once, before the first instance enters."""

    def on_queued(self, react: Callable[[], None] | None) -> None:
        """Call `react` from now on whenever a request has to wait; None: call nothing."""

    def limit_queue(self, queue_max: int) -> None:
        """Reject arriving requests from now on while `queue_max` requests wait."""

    def new_instance(self, number: int, wanted_s: LoopTime) -> InstanceT:
        """Return a new instance. `wanted_s`: loop time of the decision to add it."""

    def enter(self, instance: InstanceT, *, front: bool) -> None:
        """Add a ready instance: it gets requests from now on."""

    def move(self, instance: InstanceT, *, front: bool) -> None:
        """Move the instance to the front tier or to the reserve."""

    def leave(self, instance: InstanceT) -> None:
        """Send the instance no new requests; those in progress continue."""

    def lose(self, instance: InstanceT) -> None:
        """Remove an instance that has ended and fail its requests."""

    def change_health(self, instance: InstanceT, *, healthy: bool) -> bool:
        """Change the health of a ready target of an Application Load Balancer.

        Return True if the target group fails open: unhealthy targets get requests.
        """

    def configure(self, scaling: AutoScalingConfiguration) -> None:
        """Change MaxConcurrency from now on; the replica set handles the sizes."""

    def keep_latencies(self) -> None:
        """Record latencies, so that samples contain a percentile from now on."""

    def close_second(self, second: int, cpu_s: float = 0.0) -> Sample:
        """Return the sample of a second. `cpu_s`: CPU seconds that the instances used since the last call."""

    async def queue_empty(self) -> None:
        """Wait until the queue is empty.

        The caller first routes new requests elsewhere; queued ones wait for a bounded time.
        """

    def close(self) -> None:
        """End all open requests."""


Close = Callable[[], Awaitable[None]]


class LoopbackListener(NamedTuple):
    """A service of the simulator on the loopback of an instance.

    `serve` gets a socket that listens on 127.0.0.1:`port` inside, and returns a function that ends the service and
    closes the socket.
    """

    port: int
    serve: Callable[[socket.socket], Awaitable[Close]]


# arguments: service, instance number, "stdout" or "stderr", the line without its newline
OnLine = Callable[[str, int, str, str], None]


class OwnLoopback(Protocol):
    """The loopback of instances that each have their own. `taken`: ports on which their application listens."""

    @property
    def taken(self) -> frozenset[int]: ...

    def add_listener(self, listener: LoopbackListener, /) -> None:
        """Add a service to every instance that is launched from now on."""


class Launcher(Protocol):
    """Launches instances of one application. `launch` returns when the instance exists, not when it is ready."""

    @property
    def has_fixed_port(self) -> bool:
        """True if an instance occupies the service's own port on this machine, so that no second one can run."""

    async def launch(self, spec: InstanceSpec) -> Backend:
        """Launch an instance.

        Raises:
            LaunchError: if the instance cannot be launched.
        """

    async def close(self) -> None:
        """Remove everything that the driver created: processes and temporary folders."""


class Driver(Launcher, Protocol):
    """A launcher that describes its instances, so that the layers above do not depend on its class."""

    @property
    def is_simulated(self) -> bool:
        """True if its instances exist in this process only and behave as their application specifies."""

    @property
    def takes_variables(self) -> bool:
        """True if its instances read environment variables: secrets, and the credentials of a role."""

    @property
    def ejection_applies(self) -> bool:
        """True if requests can fail on the way to its instances, so that those that keep failing are ejected."""

    @property
    def own_loopback(self) -> OwnLoopback | None:
        """The loopback of its instances if each has its own; None if they share the machine's."""

    @property
    def limits_in_force(self) -> str:
        """The limits that apply to its instances on this machine, as a sentence for users; empty if there are none."""

    @property
    def draw(self) -> Callable[[Exchange], None]:
        """Samples the work of a simulated request on its arrival; does nothing if instances determine it themselves."""

    @property
    def finished(self) -> Callable[[Exchange], None] | None:
        """Called with every exchange that has a complete response, before its slot is released; None if not needed."""

    def cpu_used_s(self) -> float:
        """Return the CPU seconds that instances, including ended ones, have used so far; 0 if that is unknown."""


def no_work(_: Exchange) -> None:
    """Do nothing: the `draw` of a driver whose instances determine the work of requests themselves."""
