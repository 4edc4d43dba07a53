"""The section `application.downstream`: a resource that requests call, and how the application calls it."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from simulator.rules.downstream import OnFull
from simulator.scenario.sections.base_model import Count, Duration, Number, PositiveDuration, Section, Share
from simulator.scenario.sections.distribution_spec import NOTHING, DistributionSpec

CONNECTIONS_MAX: Final = 1_000_000
RETRIES_MAX: Final = 100


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of `host:port` or `[IPv6]:port`. Raises ValueError if it is none."""
    host, _, port = address.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    is_host = host and not any(character in "[]/ @" for character in host)
    if not is_host or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        msg = f"at = {address!r}, must be host:port, such as 127.0.0.1:5432 or [::1]:6379"
        raise ValueError(msg)
    return host, int(port)


def _address(address: str) -> str:
    split_address(address)
    return address


class DownstreamSpec(Section):
    """A resource that all services of a scenario share by its name, and this application's use of it.

    The keys from `connections` to `server_idle_timeout` define the resource; one service gives them, or all give the
    same.
    """

    connections: Count = Field(ge=1, le=CONNECTIONS_MAX)
    """Limit of connections of the resource, all instances together."""
    service: DistributionSpec = NOTHING
    """Time that a simulated resource needs for a call, if no other call slows it down. Must be given without `at`."""
    at: Annotated[str, AfterValidator(_address)] | None = None
    """Address of a real server, as `127.0.0.1:5432`: in real time, real applications reach it by a proxy that has this
    resource's limit, queue, `delay` and `server_idle_timeout`, and is reported like it.
    """
    delay: DistributionSpec = NOTHING
    """Time that the proxy of `at` adds to each call."""
    connect: DistributionSpec = NOTHING
    """Time that the resource needs to set up a connection."""
    on_full: OnFull = OnFull.ERROR
    """What happens to an attempt to connect if all connections are taken. error: it is rejected. queue: it waits. wait:
    it waits for at most `wait`.
    """
    queue: Count | None = Field(default=None, ge=0)
    """Number of attempts to connect that may wait; further ones are rejected (default: no limit)."""
    wait_s: PositiveDuration | None = None
    """Longest wait for a connection, with `on_full: wait`."""
    contention: Number = Field(default=0.0, ge=0)
    """How much each further call in progress slows all calls down: coefficient sigma of the Universal Scalability Law.
    """
    coherency: Number = Field(default=0.0, ge=0)
    """How much each pair of calls in progress slows all calls down: coefficient kappa of the Universal Scalability Law.
    Above a certain number of calls the throughput then decreases.
    """
    server_idle_timeout_s: PositiveDuration | None = None
    """The resource closes a connection that has been idle for so long (default: never). Known by other names as
    idle_session_timeout (PostgreSQL, off by default), wait_timeout (MySQL, 8 h) and timeout (Redis, off).
    """
    pool: Count | None = Field(default=None, ge=1, le=CONNECTIONS_MAX)
    """Most connections of an instance, which it keeps open (default: each call opens a connection and closes it)."""
    min_idle: Count = Field(default=0, ge=0)
    """Connections of the pool that an instance opens when it starts, and keeps; at most `pool`."""
    idle_timeout_s: PositiveDuration | None = None
    """A pool closes a connection that has been idle for so long, unless it would have fewer than `min_idle` (default:
    never).
    """
    max_lifetime_s: PositiveDuration | None = None
    """A pool closes a connection that has been open for so long, once no call uses it (default: never)."""
    timeout_s: PositiveDuration | None = None
    """Longest time of an attempt, the wait for a connection included (default: no limit). The resource completes a call
    that it has begun, although nothing waits for it any more.
    """
    retries: Count = Field(default=0, ge=0, le=RETRIES_MAX)
    """Further attempts after one that failed. A request whose last attempt fails is answered with 500."""
    backoff_s: Duration = 0.0
    """Pause before the first further attempt; each following pause is twice as long."""
    share: Share = 1.0
    """Share of the requests that call the resource."""
    only_paths: tuple[Annotated[str, Field(pattern="^/[^?]*$")], ...] = ()
    """Paths of the requests that call the resource, without the query string (default: all paths)."""
    calls: Count = Field(default=1, ge=1, le=10_000)
    """Calls of such a request, one after the other."""

    @model_validator(mode="after")
    def _is_consistent(self) -> DownstreamSpec:
        if self.at is None and "service" not in self.model_fields_set:
            msg = "service = none, must be given without at"
            raise ValueError(msg)
        if self.at is None and "delay" in self.model_fields_set:
            msg = "delay = given, must be left out without at: `service` is the time of a simulated resource"
            raise ValueError(msg)
        if self.on_full is OnFull.WAIT and self.wait_s is None:
            msg = "wait = none, must be given with on_full: wait"
            raise ValueError(msg)
        if self.on_full is not OnFull.WAIT and self.wait_s is not None:
            msg = f"wait = {self.wait_s:g}s, must be left out, or on_full be wait"
            raise ValueError(msg)
        if self.on_full is OnFull.ERROR and self.queue is not None:
            msg = f"queue = {self.queue}, must be left out, or on_full be queue or wait"
            raise ValueError(msg)
        if self.pool is None:
            for key, value in (("idle_timeout", self.idle_timeout_s), ("max_lifetime", self.max_lifetime_s)):
                if value is not None:
                    msg = f"{key} = {value:g}s, must be left out without pool: each call closes its connection"
                    raise ValueError(msg)
        if self.min_idle > (self.pool or 0):
            msg = f"min_idle = {self.min_idle}, must be at most pool = {self.pool or 0}"
            raise ValueError(msg)
        return self


RESOURCE_KEYS: Final = (
    *("connections", "service", "connect", "on_full", "queue", "wait", "contention", "coherency"),
    *("server_idle_timeout", "at", "delay"),
)
"""The keys that define the resource; the others say how an application uses it."""
