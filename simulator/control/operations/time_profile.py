"""Time profiles: minimum durations of operations, independent of the work that is done.

`instant` waits for the work only. `app-runner` has intervals measured on AWS (facts 2.3), multiplied by a factor, so
that polling and time-outs of clients can be tested with realistic durations, or in virtual time. `app-runner-spread`
has distributions of them, because most of those measurements are single ones (facts 19.4).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from simulator.model.health import STARTUP_ALLOWANCE_S
from simulator.model.resources.domain_state import DomainStatus
from simulator.model.resources.operation import OperationType
from simulator.model.resources.phase import Phase
from simulator.model.text.problems import one_of
from simulator.world.distributions import Distribution, LogNormal
from simulator.world.random_streams import RandomStreams

Seconds = Mapping[Phase, float]
Laws = Mapping[OperationType, Distribution]

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

# 95 % quantile of a duration, as a multiple of its median. Two creations took 184 s (R#128) and 159 s (R#142) from
# provisioning to RUNNING (facts 2.3): as logarithms, the difference of two equal normal variables has sqrt(2) times
# their standard deviation, so that is ln(184 / 159) / sqrt(2) = 0.103, and the quantile exp(1.645 x 0.103) = 1.19.
# ASSUMPTION: two samples are enough, and updates and deployments of images vary as much. Settled by the durations of
# twenty operations of each type.
_IMAGE_P95: Final = 1.19
_CREATED_S: Final = _IMAGE[Phase.DONE]
_IMAGE_LAW: Final = LogNormal.of_median(_CREATED_S, _CREATED_S * _IMAGE_P95)  # an update takes about 5 min too (R#147)
# "15 to 20 min" (R#2, R#147).
# ASSUMPTION: a published range contains the middle nine tenths of the durations; the median is the geometric mean of
# its ends. Settled as above; so are the next ones.
_SOURCE_LAW: Final = LogNormal.of_median(math.sqrt(15 * 20) * 60.0, 20 * 60.0)
# Pause and resume: "2 to 5 min each" (R#128). A deletion is not published, and assumed equal.
_SHORT_LAW: Final = LogNormal.of_median(math.sqrt(2 * 5) * 60.0, 5 * 60.0)
_NO_LAWS: Final[Laws] = MappingProxyType({})


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
    # distributions of whole durations, of services with an image and with source code; others are constant
    image_laws: Laws = field(default_factory=dict)
    source_laws: Laws = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.factor >= 0:
            msg = f"time factor = {self.factor:g}, must be at least 0"
            raise ValueError(msg)

    def allowance_s(self, wanted_s: float | None) -> float:
        """Return the maximum time until an instance is healthy. `wanted_s`: the value of a setting, or None."""
        return self.startup_allowance_s if wanted_s is None else wanted_s

    def whole_s(self, operation: OperationType, operation_id: str, *, is_image: bool) -> float | None:
        """Draw the duration of an operation, without the factor; None if it is constant.

        The same id gives the same duration, so that an operation continues after a restart as it began.
        """
        law = (self.image_laws if is_image else self.source_laws).get(operation)
        if law is None:
            return None
        return float(law.draw(RandomStreams(0).stream("operation", operation_id), 1)[0])

    def phase_s(self, operation: OperationType, phase: Phase, *, is_image: bool, whole_s: float | None = None) -> float:
        """Return the earliest time of `phase`, in seconds from the start of the operation.

        `whole_s`: its duration, in which the phases have the same shares as those measured; None: the constant one.
        """
        if whole_s is not None:
            shares = _IMAGE if is_image else _SOURCE
            if operation in APP_RUNNER.short:
                return self.factor * (whole_s if phase is Phase.DONE else 0.0)
            return self.factor * whole_s * shares.get(phase, 0.0) / shares[Phase.DONE]
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

_DEPLOYING: Final = (OperationType.CREATE_SERVICE, OperationType.UPDATE_SERVICE, OperationType.START_DEPLOYMENT)
_SHORT_LAWS: Final = dict.fromkeys(APP_RUNNER.short, _SHORT_LAW)
APP_RUNNER_SPREAD: Final = replace(
    APP_RUNNER,
    name="app-runner-spread",
    image_laws=MappingProxyType(dict.fromkeys(_DEPLOYING, _IMAGE_LAW) | _SHORT_LAWS),
    source_laws=MappingProxyType(dict.fromkeys(_DEPLOYING, _SOURCE_LAW) | _SHORT_LAWS),
)

_PROFILES: Final = {profile.name: profile for profile in (INSTANT, APP_RUNNER, APP_RUNNER_SPREAD)}


def profile_named(name: str, factor: float = 1.0, laws: Laws = _NO_LAWS) -> TimeProfile:
    """Return a profile, with the distributions `laws` in place of its own durations.

    Raises ValueError if no profile has that name, or the factor is negative.
    """
    if name not in _PROFILES:
        msg = f"time profile = {name!r}, must be {one_of(name, _PROFILES)}"
        raise ValueError(msg)
    named = _PROFILES[name]
    images, sources = {**named.image_laws, **laws}, {**named.source_laws, **laws}
    return replace(named, factor=factor, image_laws=images, source_laws=sources)
