"""The observation of a service: stages of load, start-ups and wakes of its instances, with the circumstances.

`simulator observe` makes observations of real services, `observe_virtually` those of simulated ones; access logs and
metrics are read into the same value. Calibration fits a model to observations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator import __version__
from simulator.calibration.observation.tables import InstanceSamples, ObservedRequests, UnloadedRequests
from simulator.model.sizes import InstanceSize

VERSION: Final = 1

# A stage whose load client sent one request in twenty, and at least some, later than this is marked: its arrivals were
# not those intended, and its latencies contain delays of the client. The fit plays the requests when they were really
# sent, so a delay does no harm that is small beside the latency, as in a saturated stage.
LATE_S: Final = 0.010
LATE_OF_LATENCY: Final = 0.1
LATE_SHARE: Final = 0.05
LATE_MIN: Final = 3
UNKNOWN: Final = math.nan


def late_limit_s(latency_s: float) -> float:
    """Return the delay of a load client from which a request counts as late, by the median latency of the service."""
    return max(LATE_S, LATE_OF_LATENCY * latency_s)


class ObservationKind(StrEnum):
    """How an observation was made, which decides what can be learned from it."""

    STEPPED = "stepped"
    """One instance under load in steps: `observe`, in real or virtual time."""
    ACCESS_LOG = "access-log"
    """The requests of an access log; the instances are not observed."""
    METRICS = "metrics"
    """Metrics of periods, such as CloudWatch's of a minute; no single request is known."""


@dataclass(frozen=True, slots=True)
class ObservedRoute:
    """A route: requests that do the same work.

    `name` is the method and the path, with its parameters as templates (`GET /items/{id}`). `weight` is its share of
    the requests in relation to the other routes. `path` is what was requested, empty if unknown.
    """

    name: str
    weight: float = 1.0
    path: str = ""
    body_bytes: int = 0

    def __post_init__(self) -> None:
        if not self.name:
            msg = "name = '', must be a method and a path such as GET /"
            raise ValueError(msg)
        if not (self.weight >= 0 and math.isfinite(self.weight)):
            msg = f"weight = {self.weight:g}, must be a finite number, at least 0"
            raise ValueError(msg)
        if self.body_bytes < 0:
            msg = f"body_bytes = {self.body_bytes}, must be at least 0"
            raise ValueError(msg)

    @property
    def method(self) -> str:
        """The method of its requests."""
        return self.name.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """The machine on which the service was observed. `load_*` are load averages of one minute.

    `steal_share`: the share of the CPU time that the hypervisor gave to others; NaN if unknown.
    """

    cores: int = 0
    cpu_model: str = ""
    load_before: float = UNKNOWN
    load_after: float = UNKNOWN
    steal_share: float = UNKNOWN


@dataclass(frozen=True, slots=True)
class LimitFacts:
    """The limits of CPU and memory that were in force on the instance.

    `by` names what enforced them: `cgroup v1`, `cgroup v2`, `container engine`, `simulated`, or empty for none.
    `cpu_period_s` is the period of the CPU quota, NaN if there was no quota.
    """

    by: str = ""
    cpu_period_s: float = UNKNOWN
    cpu_limited: bool = False
    memory_limited: bool = False


@dataclass(frozen=True, slots=True)
class StartTimes:
    """The start-up of one instance, in seconds by stage; a stage that is not known is NaN.

    `pull_s` fetches the image, `launch_s` creates the process or container, `listening_s` lasts from then until the
    port accepts connections, `first_check_s` from then until the first passed health check.
    """

    total_s: float
    pull_s: float = UNKNOWN
    launch_s: float = UNKNOWN
    listening_s: float = UNKNOWN
    first_check_s: float = UNKNOWN
    cpu_s: float = UNKNOWN
    """CPU seconds that the instance used until the first passed health check."""

    def __post_init__(self) -> None:
        for name in ("total_s", "pull_s", "launch_s", "listening_s", "first_check_s", "cpu_s"):
            value = getattr(self, name)
            if value < 0 or math.isinf(value) or (name == "total_s" and math.isnan(value)):
                msg = f"{name} = {value:g}, must be a number of seconds, at least 0"
                raise ValueError(msg)


@dataclass(frozen=True, eq=False)
class LoadStage:
    """One level of load, offered to one fresh instance.

    Requests whose `sent_s` is before `warm_up_s` belong to the warm-up. `cpu_s`, `throttled_s` and `memory_peak_bytes`
    are those of the instance in the part after the warm-up; NaN if unknown. `others_share`: CPU time that other
    programs of the machine used during the stage, as a share of all its CPUs. `ended_by` says why the stage ended
    before its time, empty if it did not.
    """

    number: int
    rate_rps: float
    duration_s: float
    warm_up_s: float
    requests: ObservedRequests
    samples: InstanceSamples = field(default_factory=InstanceSamples.of)
    cpu_s: float = UNKNOWN
    throttled_s: float = UNKNOWN
    memory_peak_bytes: float = UNKNOWN
    others_share: float = UNKNOWN
    ended_by: str = ""

    def __post_init__(self) -> None:
        if not (0 < self.duration_s < math.inf):
            msg = f"duration_s = {self.duration_s:g}, must be a number of seconds above 0"
            raise ValueError(msg)
        if not (0 <= self.warm_up_s < self.duration_s):
            msg = f"warm_up_s = {self.warm_up_s:g}, must be at least 0 and below duration_s = {self.duration_s:g}"
            raise ValueError(msg)
        if not (0 <= self.rate_rps < math.inf):
            msg = f"rate_rps = {self.rate_rps:g}, must be a finite number, at least 0"
            raise ValueError(msg)
        for name in ("cpu_s", "throttled_s", "memory_peak_bytes", "others_share"):
            value = getattr(self, name)
            if value < 0 or math.isinf(value):
                msg = f"{name} = {value:g}, must be a finite number, at least 0, or NaN if unknown"
                raise ValueError(msg)

    @property
    def settled(self) -> ObservedRequests:
        """The requests after the warm-up."""
        return self.requests.rows(self.requests.sent_s >= self.warm_up_s)

    @property
    def settled_s(self) -> float:
        """Seconds after the warm-up."""
        return self.duration_s - self.warm_up_s

    @property
    def is_client_late(self) -> bool:
        """True if the load client was so late that the stage tells little: `LATE_SHARE` of the requests after the
        warm-up, and at least `LATE_MIN`, were sent more than `LATE_S` and `LATE_OF_LATENCY` of the median latency late.
        """
        settled = self.settled
        served = settled.rows(settled.served)
        latency_s = float(np.median(served.latency_s - served.late_s)) if len(served) else 0.0
        late = int(np.count_nonzero(settled.late_s > late_limit_s(latency_s)))
        return late >= max(LATE_MIN, LATE_SHARE * len(settled))


@dataclass(frozen=True, eq=False)
class ServiceObservation:
    """What was observed of a service. Unknown values are None or NaN.

    `target` is what was observed, such as `image shop:1`. `size` is the size whose limits were in force. `made_at` is
    the wall time in ISO 8601. `notes` are sentences for the reader: what limits the use of this observation.
    `is_virtual`: the service was simulated in virtual time, so the machine had no influence. `unloaded`: requests that
    were sent one at a time; None if there were none.
    """

    kind: ObservationKind
    target: str
    routes: tuple[ObservedRoute, ...]
    loads: tuple[LoadStage, ...]
    unloaded: UnloadedRequests | None = None
    size: InstanceSize | None = None
    max_concurrency: int | None = None
    starts: tuple[StartTimes, ...] = ()
    wakes: tuple[float, ...] = ()
    memory_at_rest_bytes: float | None = None
    machine: MachineFacts = MachineFacts()
    limits: LimitFacts = LimitFacts()
    is_virtual: bool = False
    made_at: str = ""
    seed: int | None = None
    notes: tuple[str, ...] = ()
    simulator_version: str = __version__
    version: int = VERSION

    def __post_init__(self) -> None:
        """Check what the parts must have in common.

        Raises:
            ValueError: naming the part, its value and what is expected.
        """
        names = [route.name for route in self.routes]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            msg = f"routes = {twice} twice, must be a route once"
            raise ValueError(msg)
        numbers = [stage.number for stage in self.loads]
        if sorted(set(numbers)) != numbers:
            msg = f"loads = the stages {_listed(numbers)}, must be in increasing order of their numbers"
            raise ValueError(msg)
        for stage in self.loads:
            self._require_routes(stage.requests.route, f"stage {stage.number}")
        if self.unloaded is not None:
            self._require_routes(self.unloaded.route, "the unloaded requests")
        if any(not (0 <= wake < math.inf) for wake in self.wakes):
            wrong = next(wake for wake in self.wakes if not (0 <= wake < math.inf))
            msg = f"wakes = {wrong:g}, must be a number of seconds, at least 0"
            raise ValueError(msg)

    def _require_routes(self, numbers: NDArray[np.int64], where: str) -> None:
        if len(numbers) and int(numbers.max()) >= len(self.routes):
            msg = f"route = {int(numbers.max())} in {where}, must be below {len(self.routes)}, the routes"
            raise ValueError(msg)

    @property
    def late_stages(self) -> tuple[int, ...]:
        """The numbers of the stages whose load client was late."""
        return tuple(stage.number for stage in self.loads if stage.is_client_late)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
