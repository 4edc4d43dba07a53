"""Time profiles: minimum durations of operations, independent of the work that is done.

`instant` waits for the work only. `app-runner` has intervals measured on AWS (facts 2.3), multiplied by a factor, so
that polling and time-outs of clients can be tested with realistic durations, or in virtual time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from simulator.model.health import STARTUP_ALLOWANCE_S
from simulator.model.resources.domain_state import DomainStatus
from simulator.model.resources.operation import OperationType
from simulator.model.resources.phase import Phase
from simulator.model.text.problems import one_of

Seconds = Mapping[Phase, float]

# The creation of the hello image of R#128, 17:54:55 to 17:59:55 (facts 2.3).
_IMAGE: Final[Seconds] = MappingProxyType(
    {
        Phase.BEGUN: 1.0,
        Phase.SOURCE_READY: 107.0,
        Phase.PROVISIONING: 116.0,
        Phase.HEALTH_CHECKING: 126.0,
        Phase.HEALTHY: 218.0,
        Phase.ROUTED: 289.0,
        Phase.DONE: 300.0,
    }
)
# The phases before provisioning from R#212 (5 s, then 27 s, then 1 s); from provisioning on, as for an image.
# ASSUMPTION: a build of 12 minutes, so that the total is within the reported 15 to 20 minutes (facts 2.3); AWS's own
# example of a small Python service took 203 s in total. Timing current source deployments would settle it.
_BUILT_S: Final = 33.0 + 12 * 60
_SOURCE: Final[Seconds] = MappingProxyType(
    {Phase.BEGUN: 1.0, Phase.SOURCE_PULLED: 6.0, Phase.BUILDING: 33.0}
    | {phase: _BUILT_S + at_s - _IMAGE[Phase.SOURCE_READY] for phase, at_s in _IMAGE.items() if phase > Phase.BEGUN}
)
_LOOK_S_MIN: Final = 0.1


@dataclass(frozen=True, slots=True)
class TimeProfile:
    """A time profile.

    All times are in seconds; those of phases count from the start of the operation. Phases without a time are not
    delayed.

    Raises:
        ValueError: if the factor is negative.
    """

    name: str
    image: Seconds
    source: Seconds
    short: Mapping[OperationType, float]  # operations without phases: time from start to end
    failed_create_s: float  # from its start, for a creation that reached its health check
    roll_back_s: float  # from the failure, for an update or deployment that had provisioned instances
    domain: Mapping[DomainStatus, float]  # duration of each status of a custom domain
    ingress_s: float  # duration of each change of a VPC ingress connection
    stack_look_s: float  # interval at which CloudFormation checks a resource in progress
    # Maximum time until an instance is healthy, unless a setting overrides it. It is not multiplied by the factor,
    # because it depends on the machine how fast an application starts.
    startup_allowance_s: float = STARTUP_ALLOWANCE_S
    # seconds by which each compressed byte of an image prolongs the pull
    pull_s_per_byte: float = 0.0
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not self.factor >= 0:
            msg = f"time factor = {self.factor:g}, must be at least 0"
            raise ValueError(msg)

    def allowance_s(self, wanted_s: float | None) -> float:
        """Return the maximum time until an instance is healthy. `wanted_s`: the value of a setting, or None."""
        return self.startup_allowance_s if wanted_s is None else wanted_s

    def phase_s(self, operation: OperationType, phase: Phase, *, is_image: bool) -> float:
        """Return the earliest time of `phase`, in seconds from the start of the operation."""
        if operation in self.short:
            return self.factor * (self.short[operation] if phase is Phase.DONE else 0.0)
        return self.factor * (self.image if is_image else self.source).get(phase, 0.0)

    def pull_s(self, size_bytes: int) -> float:
        """Return the seconds by which an image of this compressed size delays its pull and all later phases."""
        return self.factor * self.pull_s_per_byte * size_bytes

    def failed_s(self, reached: Phase) -> float:
        """Return the earliest time at which a creation fails, in seconds from its start.

        Since December 2023, a failed pull fails the creation at once (facts 2.3).
        """
        return self.factor * self.failed_create_s if reached >= Phase.HEALTH_CHECKING else 0.0

    def rolled_back_s(self, reached: Phase) -> float:
        """Return the earliest end of a rollback, in seconds from the failure."""
        return self.factor * self.roll_back_s if reached >= Phase.PROVISIONING else 0.0

    def domain_s(self, status: DomainStatus) -> float:
        return self.factor * self.domain.get(status, 0.0)

    @property
    def scaled_ingress_s(self) -> float:
        return self.factor * self.ingress_s

    @property
    def scaled_stack_look_s(self) -> float:
        """Return the interval between two checks; above 0, so that other work can proceed."""
        return max(self.factor * self.stack_look_s, _LOOK_S_MIN)


INSTANT: Final = TimeProfile(
    name="instant",
    image=MappingProxyType({}),
    source=MappingProxyType({}),
    short=MappingProxyType({}),
    failed_create_s=0.0,
    roll_back_s=0.0,
    # Not 0: Terraform waits for the status that follows `creating`, and fails if it finds `active` (facts 15.3). It
    # polls at least every 10 s, so at least one poll falls into half a minute.
    domain=MappingProxyType(
        {
            DomainStatus.CREATING: 1.0,
            DomainStatus.PENDING_CERTIFICATE_DNS_VALIDATION: 30.0,
            DomainStatus.BINDING_CERTIFICATE: 1.0,
        }
    ),
    ingress_s=0.0,
    stack_look_s=0.1,
    # ASSUMPTION: one minute is enough for applications on a developer's machine, and short enough to wait for a start
    # that fails; App Runner's own limit was one minute until December 2023 (facts 2.3). Settled by the values that
    # users set.
    startup_allowance_s=60.0,
)

APP_RUNNER: Final = TimeProfile(
    name="app-runner",
    image=_IMAGE,
    source=_SOURCE,
    short=MappingProxyType(
        {
            OperationType.PAUSE_SERVICE: 180.0,  # 2 to 5 min (R#128)
            OperationType.RESUME_SERVICE: 180.0,
            # ASSUMPTION: no published timing of a deletion; assumed equal to a pause. A timed DeleteService would
            # settle it.
            OperationType.DELETE_SERVICE: 180.0,
        }
    ),
    failed_create_s=18 * 60.0,
    roll_back_s=15 * 60.0,  # "more than 15 min" (R#147)
    # ASSUMPTION: minutes for each step if DNS is correct (facts 10.3 says only "minutes up to 24-48 h").
    domain=MappingProxyType(
        {
            DomainStatus.CREATING: 30.0,
            DomainStatus.PENDING_CERTIFICATE_DNS_VALIDATION: 300.0,
            DomainStatus.BINDING_CERTIFICATE: 120.0,
            DomainStatus.DELETING: 60.0,
        }
    ),
    # ASSUMPTION: Terraform waits two minutes (facts 15.3), so it takes less; a timed creation would settle it.
    ingress_s=30.0,
    # ASSUMPTION: 50 MB/s, on top of the time of the hello image, whose size is not published. Two creations with images
    # of very different sizes would settle it.
    pull_s_per_byte=1 / 50e6,
    stack_look_s=10.0,  # facts 15.2
)

_PROFILES: Final = {profile.name: profile for profile in (INSTANT, APP_RUNNER)}


def profile_named(name: str, factor: float = 1.0) -> TimeProfile:
    """Return a profile. Raises ValueError if no profile has that name, or the factor is negative."""
    if name not in _PROFILES:
        msg = f"time profile = {name!r}, must be {one_of(name, _PROFILES)}"
        raise ValueError(msg)
    return replace(_PROFILES[name], factor=factor)
