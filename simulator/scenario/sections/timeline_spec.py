"""The sections under `timeline`: events that change the platform or its traffic, with their times."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from simulator.model.text import units
from simulator.model.wire_fault import FaultKind, WireFault
from simulator.scenario.sections.base_model import (
    FACTOR_MAX,
    Count,
    Duration,
    Number,
    PositiveDuration,
    Section,
    Share,
    fields_of,
)
from simulator.scenario.sections.deploy_spec import ApiCall, Call, DeploySpec


class KillInstanceSpec(Section):
    """Ready instances crash at once."""

    service: str = ""
    """The service (default: the only service)."""
    which: Literal["oldest", "newest"] = "oldest"
    """Which of the ready instances crash first."""
    count: Count = Field(default=1, ge=1)
    """Number of instances."""


class RecycleSpec(Section):
    """The platform replaces ready instances: new ones start beside the old ones, which drain once the new are ready."""

    service: str = ""
    """The service (default: the only service)."""
    at_a_time: Count = Field(default=1, ge=1)
    """Instances that are replaced together; as many exist in addition, even above `max_size`."""
    count: Count | None = Field(default=None, ge=1)
    """Number of instances, the oldest first (default: all)."""


class MaintenanceSpec(Section):
    """The platform maintains a service: all its instances are replaced together, and changes of it are rejected."""

    service: str = ""
    """The service (default: the only service)."""
    # ASSUMPTION: AWS says "a few minutes" (facts 19.4). Settled by the status of a service that is polled for a month.
    for_s: PositiveDuration = 180.0
    """Time during which the service is in OPERATION_IN_PROGRESS, and rejects deployments and other changes."""


class SlowStartsSpec(Section):
    """Instances that start from now on take longer."""

    service: str = ""
    """The service (default: the only service)."""
    extra_s: PositiveDuration
    """Time added to the application's start-up."""
    for_s: PositiveDuration | None = None
    """Duration of the event (default: to the end)."""


class FailHealthChecksSpec(Section):
    """Health checks of ready instances fail, although the application still answers."""

    service: str = ""
    """The service (default: the only service)."""
    which: Literal["all", "oldest", "newest"] = "all"
    """The instances whose checks fail."""
    for_s: PositiveDuration | None = None
    """Duration of the event (default: to the end)."""


class UpdateAutoScalingSpec(Section):
    """The service gets another auto scaling configuration. Settings that are left out do not change."""

    service: str = ""
    """The service (default: the only service)."""
    max_concurrency: Count | None = Field(default=None, ge=1, le=200)
    """Highest number of concurrent requests of an instance, 1 to 200."""
    min_size: Count | None = Field(default=None, ge=0, le=25)
    """Instances that are always provisioned."""
    max_size: Count | None = Field(default=None, ge=1)
    """Highest number of instances."""


def _byte_rate(value: object) -> float:
    """Parse bytes per second from `1 KB/s`, `10 MB/min`."""
    size, _, unit = value.rpartition("/") if isinstance(value, str) else ("", "", "")
    try:
        return units.parse_bytes(size) * units.parse_rate(f"1/{unit.strip()}")
    except (OverflowError, ValueError) as error:
        msg = f"{value!r} is not a rate of bytes; write a size per unit of time, such as 1 KB/s"
        raise ValueError(msg) from error


ByteRate = Annotated[
    float,
    BeforeValidator(_byte_rate),
    Field(gt=0, allow_inf_nan=False),
    WithJsonSchema({"type": "string", "examples": ["1 KB/s"]}),
]
"""Bytes per second, > 0."""


class WireFaultSpec(Section):
    """The connection between the load balancer and the instances fails for a share of the requests."""

    service: str = ""
    """The service (default: the only service)."""
    kind: Literal["latency", "status", "reset", "truncate", "slow_bytes"]
    """latency: requests reach their instance later. status: an error status is returned without reaching the instance.
    In real time with a real application only: reset: the client's connection is reset in place of the answer.
    truncate: the answer ends within its body. slow_bytes: the answer's body is sent slowly.
    """
    share: Share = 1.0
    """Share of the requests that are affected."""
    delay_s: PositiveDuration | None = None
    """With latency: the added delay."""
    status: Count | None = Field(default=None, ge=400, le=599)
    """With status: the status of the answer (default: 503)."""
    rate_bytes_per_s: ByteRate | None = Field(default=None, alias="rate")
    """With slow_bytes: the rate of the body (default: 1 KB/s)."""
    for_s: PositiveDuration | None = None
    """Duration of the event (default: to the end)."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> WireFaultSpec:
        given = {"delay": self.delay_s, "status": self.status, "rate": self.rate_bytes_per_s}
        own = {"latency": "delay", "status": "status", "slow_bytes": "rate"}.get(self.kind)
        for key, value in given.items():
            if key != own and value is not None:
                msg = f"{key} = given, must be left out with kind {self.kind}"
                raise ValueError(msg)
        if self.kind == "latency" and self.delay_s is None:
            msg = "delay = none, must be set: latency needs a delay"
            raise ValueError(msg)
        return self

    @property
    def fault(self) -> WireFault:
        return WireFault(
            FaultKind(self.kind.replace("_", " ")),
            self.share,
            self.delay_s or 0.0,
            self.status or 503,
            self.rate_bytes_per_s or 1024.0,
        )


class ZoneLossSpec(Section):
    """An Availability Zone is lost: the instances of all services there crash, and new ones start in other zones."""

    zone: str
    """The zone: a, b, c and so on, of as many as `zones` has."""
    for_s: PositiveDuration | None = None
    """Time until the zone is available again (default: to the end)."""


class RateSpec(Section):
    """Sources send more or less. Of several such actions in force, the latest to begin counts."""

    source: str | None = None
    """The source (default: every open source)."""
    factor: Number = Field(ge=0, le=FACTOR_MAX)
    """Factor on the rate; 1 is the normal rate, 0 is no traffic."""
    for_s: PositiveDuration | None = None
    """Duration of the event (default: until the next such action)."""


Action = (
    KillInstanceSpec
    | RecycleSpec
    | MaintenanceSpec
    | SlowStartsSpec
    | FailHealthChecksSpec
    | UpdateAutoScalingSpec
    | WireFaultSpec
    | ZoneLossSpec
    | RateSpec
    | DeploySpec
    | ApiCall
)
"""The actions of events. Each `match` over them ends with `assert_never`, so that a new action must be handled."""


class EventSpec(Section):
    """One event: a time and exactly one action."""

    at_s: Duration
    """Time of the event, from the start of the run."""
    kill_instance: KillInstanceSpec | None = None
    """Ready instances crash."""
    recycle: RecycleSpec | None = None
    """Ready instances are replaced."""
    maintenance: MaintenanceSpec | None = None
    """The platform maintains a service."""
    slow_starts: SlowStartsSpec | None = None
    """Starts take longer."""
    fail_health_checks: FailHealthChecksSpec | None = None
    """Health checks fail."""
    update_auto_scaling: UpdateAutoScalingSpec | None = None
    """The auto scaling configuration changes."""
    wire_fault: WireFaultSpec | None = None
    """The connection to the instances fails for a share of the requests."""
    zone_loss: ZoneLossSpec | None = None
    """An Availability Zone is lost."""
    rate: RateSpec | None = None
    """Traffic increases or decreases."""
    deploy: DeploySpec | None = None
    """A new version is deployed."""
    api: Call | None = None
    """Any operation of App Runner's API with its request, such as `{PauseService: {}}`. A name may replace an ARN."""

    @model_validator(mode="after")
    def _has_one_action(self) -> EventSpec:
        given = [name for name in ACTIONS if getattr(self, name) is not None]
        if len(given) != 1:
            msg = f"action = {', '.join(given) or 'none'}, must be exactly one of {', '.join(ACTIONS)}"
            raise ValueError(msg)
        return self

    def deploys_version_of(self, service: str) -> bool:
        """Return True if the event deploys a version of the service whose application differs."""
        deploy = self.deploy
        return deploy is not None and deploy.application is not None and deploy.service in {"", service}

    @property
    def action_name(self) -> str:
        """The member of ACTIONS that is set."""
        return next(name for name in ACTIONS if getattr(self, name) is not None)

    @property
    def action(self) -> Action:
        chosen: Action = getattr(self, self.action_name)
        return chosen


ON_A_SERVICE: Final = fields_of(
    EventSpec, [kind for kind in get_args(Action) if issubclass(kind, Section) and "service" in kind.model_fields]
)
"""The names of the actions that have a key `service`."""
_OTHERS: Final = tuple(name for name in fields_of(EventSpec, get_args(Action)) if name not in ON_A_SERVICE)
ACTIONS: Final = (*ON_A_SERVICE, *_OTHERS)
"""The names of all actions."""
