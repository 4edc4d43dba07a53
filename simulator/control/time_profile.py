"""Time profiles: how long operations take at least, whatever the work behind them needs.

`instant` waits for the work only. `app-runner` has the intervals that people measured on AWS (facts 2.3), times a
factor, so that a client's waiting and time-outs can be tried in the time they are for, or in virtual time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from simulator.model.domain_state import DomainStatus
from simulator.model.health import STARTUP_ALLOWANCE_S
from simulator.model.operation import OperationType
from simulator.model.phase import Phase
from simulator.model.problems import one_of

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
# The prelude of R#212 (5 s, then 27 s, then 1 s), and from provisioning on as for an image.
# ASSUMPTION: a build of 12 minutes, so that the whole is within the 15 to 20 minutes that are reported (facts 2.3);
# AWS's own sample of a small Python service took 203 s in all. Timed source deployments of today would settle it.
_BUILT_S: Final = 33.0 + 12 * 60
_SOURCE: Final[Seconds] = MappingProxyType(
    {Phase.BEGUN: 1.0, Phase.SOURCE_PULLED: 6.0, Phase.BUILDING: 33.0}
    | {phase: _BUILT_S + at_s - _IMAGE[Phase.SOURCE_READY] for phase, at_s in _IMAGE.items() if phase > Phase.BEGUN}
)


@dataclass(frozen=True, slots=True)
class TimeProfile:
    """All in seconds, the phases since the operation began. A phase that is not named takes no time of its own.

    Raises:
        ValueError: when the factor is negative.
    """

    name: str
    image: Seconds
    source: Seconds
    short: Mapping[OperationType, float]  # of operations without phases, start to end
    failed_create_s: float  # since the beginning, of a creation that got as far as its health check
    roll_back_s: float  # since the failure, of an update or deployment that had provisioned instances
    domain: Mapping[DomainStatus, float]  # how long a custom domain stays in each
    ingress_s: float  # each change of a VPC ingress connection
    # How long an instance may take until it is healthy, unless a setting says otherwise. No factor: how fast an
    # application starts is the machine's affair.
    startup_allowance_s: float = STARTUP_ALLOWANCE_S
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not self.factor >= 0:
            msg = f"time factor = {self.factor:g}, must be at least 0"
            raise ValueError(msg)

    def allowance_s(self, wanted_s: float | None) -> float:
        """How long an instance may take to become healthy, where `wanted_s` is a setting or None."""
        return self.startup_allowance_s if wanted_s is None else wanted_s

    def phase_s(self, operation: OperationType, phase: Phase, *, is_image: bool) -> float:
        """When `phase` is reached at the earliest, in seconds since the operation began."""
        if operation in self.short:
            return self.factor * (self.short[operation] if phase is Phase.DONE else 0.0)
        return self.factor * (self.image if is_image else self.source).get(phase, 0.0)

    def failed_s(self, reached: Phase) -> float:
        """When a creation is given up at the earliest, in seconds since it began.

        A pull that fails has done so at once since December 2023 (facts 2.3).
        """
        return self.factor * self.failed_create_s if reached >= Phase.HEALTH_CHECKING else 0.0

    def rolled_back_s(self, reached: Phase) -> float:
        """When a rollback is over at the earliest, in seconds since the failure."""
        return self.factor * self.roll_back_s if reached >= Phase.PROVISIONING else 0.0

    def domain_s(self, status: DomainStatus) -> float:
        return self.factor * self.domain.get(status, 0.0)

    @property
    def scaled_ingress_s(self) -> float:
        return self.factor * self.ingress_s


INSTANT: Final = TimeProfile(
    name="instant",
    image=MappingProxyType({}),
    source=MappingProxyType({}),
    short=MappingProxyType({}),
    failed_create_s=0.0,
    roll_back_s=0.0,
    # Not at once: Terraform waits for the status after `creating` and fails when it finds `active` (facts 15.3). It
    # asks every 10 s at the least, so that half a minute cannot pass between two of its looks.
    domain=MappingProxyType(
        {
            DomainStatus.CREATING: 1.0,
            DomainStatus.PENDING_CERTIFICATE_DNS_VALIDATION: 30.0,
            DomainStatus.BINDING_CERTIFICATE: 1.0,
        }
    ),
    ingress_s=0.0,
    # ASSUMPTION: a minute is enough for what starts on a developer's machine, and short enough to wait for a start that
    # fails; App Runner's own was a minute until December 2023 (facts 2.3). Settled by what users set.
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
            # ASSUMPTION: nobody timed a deletion; taken to be like a pause. A timed DeleteService would settle it.
            OperationType.DELETE_SERVICE: 180.0,
        }
    ),
    failed_create_s=18 * 60.0,
    roll_back_s=15 * 60.0,  # "more than 15 min" (R#147)
    # ASSUMPTION: minutes for each step where DNS is in order (facts 10.3 has no more than "minutes up to 24-48 h").
    domain=MappingProxyType(
        {
            DomainStatus.CREATING: 30.0,
            DomainStatus.PENDING_CERTIFICATE_DNS_VALIDATION: 300.0,
            DomainStatus.BINDING_CERTIFICATE: 120.0,
            DomainStatus.DELETING: 60.0,
        }
    ),
    # ASSUMPTION: Terraform gives it two minutes (facts 15.3), so it takes less; a timed creation would settle it.
    ingress_s=30.0,
)

_PROFILES: Final = {profile.name: profile for profile in (INSTANT, APP_RUNNER)}


def profile_named(name: str, factor: float = 1.0) -> TimeProfile:
    """Raises ValueError when there is none of that name, or the factor is negative."""
    if name not in _PROFILES:
        msg = f"time profile = {name!r}, must be {one_of(name, _PROFILES)}"
        raise ValueError(msg)
    return replace(_PROFILES[name], factor=factor)
