"""Events: immutable values, named in the past tense. `at_s` is in seconds since the platform started.

The journal keeps the events of the union `Event`. It only passes the others to its readers: they are too many to keep,
or only of immediate use. `Chunk` (request_log.py), the requests that have ended, is one of these.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from simulator.model.instance import InstanceState
from simulator.model.text.units import duration_text
from simulator.model.times import RunTime
from simulator.rules.policies.port import Decision, Sample

# The reason of an instance that ends because a deployment or an update has replaced its revision.
ANOTHER_REVISION: Final = "another revision serves"


class ScalingDecided(NamedTuple):
    """A policy changed the desired number of instances. Decisions that change nothing are counted, but not recorded."""

    at_s: RunTime
    service: str
    policy: str
    before: int  # the previous desired number
    desired: int
    formula: str
    reason: str
    inputs: tuple[tuple[str, float], ...]
    clamps: tuple[str, ...]
    assumes: str = ""  # an undocumented parameter that determined the result; empty if there is none


class InstanceMoved(NamedTuple):
    """An instance changed its state."""

    at_s: RunTime
    service: str
    instance: int  # number within the service, from 1, never reused
    before: InstanceState
    after: InstanceState
    why: str
    zone: str = ""  # Availability Zone; empty if the platform has none


class EventLogged(NamedTuple):
    """A line of the service's event log, with App Runner's text where it is known (facts 9)."""

    at_s: RunTime
    service: str
    line: str


# The beginning of an action that a user of the console carried out.
BY_CONSOLE: Final = "console: "


class TimelineActed(NamedTuple):
    """An action of the scenario's timeline on the platform or on its traffic was carried out."""

    at_s: RunTime
    action: str
    detail: str


class ConfigurationChanged(NamedTuple):
    """The auto scaling configuration of a service was replaced."""

    at_s: RunTime
    service: str
    max_concurrency: int
    min_size: int
    max_size: int


class DownstreamLogged(NamedTuple):
    """A downstream resource reached its limit of connections, or many connections were opened at once."""

    at_s: RunTime
    resource: str
    line: str


class BackgroundLogged(NamedTuple):
    """Unfinished background work of an instance was stalled, continued, or was lost."""

    at_s: RunTime
    service: str
    line: str


Event = (
    ScalingDecided
    | InstanceMoved
    | EventLogged
    | TimelineActed
    | ConfigurationChanged
    | DownstreamLogged
    | BackgroundLogged
)


# --- passed to readers, not kept -------------------------------------------------------------------------------------


class BackgroundChanged(NamedTuple):
    """The counts of one kind of background work of a service changed, by these amounts.

    `stalled`: instances that are throttled and have an unfinished job. `cpu_s`, `delay_s`: of a finished job, its CPU
    time, and the time since it was due.
    """

    at_s: RunTime
    service: str
    work: str
    due: int = 0
    missed: int = 0
    finished: int = 0
    lost: int = 0
    stalled: int = 0
    cpu_s: float = 0.0
    delay_s: float = 0.0


class ImagePulled(NamedTuple):
    """A simulated image is ready on an instance's machine. Sizes are compressed."""

    service: str
    instance: int
    took_s: float
    pulled_bytes: int  # without the layers that the machine had
    size_bytes: int


class InstanceImitated(NamedTuple):
    """An instance of a mixed pool is simulated: its responses are sampled from those of the real instances."""

    service: str
    instance: int


class SecondClosed(NamedTuple):
    """A whole second of a service has ended."""

    service: str
    sample: Sample


class PolicyEvaluated(NamedTuple):
    """A policy decided, whether or not the decision changes anything."""

    at_s: RunTime
    service: str
    decision: Decision


class StartProbeFailed(NamedTuple):
    """A health check of an instance that starts has failed, for the reason `why`."""

    service: str
    instance: int
    why: str


class RevisionSwitched(NamedTuple):
    """Another revision of a service gets its requests from now on, or none."""

    at_s: RunTime
    service: str


class MaintenanceChanged(NamedTuple):
    """The maintenance of a service by the platform began or ended."""

    service: str
    is_active: bool


class OutputWritten(NamedTuple):
    """An instance wrote a line."""

    service: str
    instance: int  # number within the service
    stream: str  # "stdout" or "stderr"
    line: str


class LineLogged(NamedTuple):
    """A line was added to a log of a service, other than its event log and the output of its instances."""

    service: str
    stream: str
    line: str


class RequestRetried(NamedTuple):
    """A client sends a failed request again."""

    source: int  # source number of the failed request in the request log
    intended_s: RunTime  # time at which the client intended to send the failed request


class UserPaused(NamedTuple):
    """A user of a closed source has the outcome of a request and pauses before its next one.

    Published only if this event has a reader when the traffic begins.
    """

    source: int  # source number of the request in the request log
    from_s: RunTime
    until_s: RunTime  # when the next request is due


class InstanceReported(NamedTuple):
    """A revision's instances added a line to the event log (`EventLogged`)."""

    service: str
    revision: int  # number within the service
    line: str
    is_start: bool  # True if the line is about what delays the start of an instance


class EjectionChanged(NamedTuple):
    """An instance that fails repeatedly gets no requests for `for_s` seconds; 0: it gets requests again."""

    service: str
    instance: int
    for_s: float

    @property
    def line(self) -> str:
        """The line for the event log."""
        if not self.for_s:
            return f"Instance {self.instance} gets requests again"
        return f"Instance {self.instance} keeps failing requests and gets none for {duration_text(self.for_s)}"


class CallOutcome(StrEnum):
    """The result of an attempt to call a resource."""

    ANSWERED = "answered"
    REJECTED = "rejected"  # no connection: the limit was reached, the queue was full, or the wait was too long
    TIMED_OUT = "timed out"  # no answer within the call's time-out


class DownstreamCalled(NamedTuple):
    """An attempt to call a resource ended. `wait_s`: seconds until it had a connection or ended without one."""

    at_s: RunTime
    resource: str
    service: str
    asked_s: RunTime
    wait_s: float
    outcome: CallOutcome


class DownstreamChanged(NamedTuple):
    """The state of a resource changed.

    `opened`: connections in use. `busy`: the part of them with a call, or whose opening is in progress. `waiting`:
    calls that wait for a connection.
    """

    at_s: RunTime
    resource: str
    limit: int
    opened: int
    busy: int
    waiting: int
