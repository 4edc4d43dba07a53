"""The sections under `timeline`: what happens to the platform or to its traffic, and when."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from simulator.model import units
from simulator.model.wire_fault import FaultKind, WireFault
from simulator.replay.deploy_spec import ApiCall, Call, DeploySpec
from simulator.replay.sections import FACTOR_MAX, Count, Duration, Number, PositiveDuration, Section, Share


class KillInstanceSpec(Section):
    """Ready instances die at once, as in a crash."""

    service: str = ""
    """The service; may be left out when there is only one."""
    which: Literal["oldest", "newest"] = "oldest"
    """Which of the ready instances die first."""
    count: Count = Field(default=1, ge=1)
    """How many."""


class SlowStartsSpec(Section):
    """Instances that start from now on take longer."""

    service: str = ""
    """The service; may be left out when there is only one."""
    extra_s: PositiveDuration
    """Time added to the application's start-up."""
    for_s: PositiveDuration | None = None
    """How long this goes on; to the end if left out."""


class FailHealthChecksSpec(Section):
    """Health checks of ready instances fail, though the application still answers."""

    service: str = ""
    """The service; may be left out when there is only one."""
    which: Literal["all", "oldest", "newest"] = "all"
    """Whose checks fail."""
    for_s: PositiveDuration | None = None
    """How long this goes on; to the end if left out."""


class UpdateAutoScalingSpec(Section):
    """The service gets another auto scaling configuration. What is left out stays as it is."""

    service: str = ""
    """The service; may be left out when there is only one."""
    max_concurrency: Count | None = Field(default=None, ge=1, le=200)
    """Requests in progress that an instance may have, 1 to 200."""
    min_size: Count | None = Field(default=None, ge=0, le=25)
    """Instances that are always provisioned."""
    max_size: Count | None = Field(default=None, ge=1)
    """Instances at most."""


def _byte_rate(value: object) -> float:
    """Bytes per second from `1 KB/s`, `10 MB/min`."""
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
    """The wire between the load balancer and the instances spoils a share of the requests."""

    service: str = ""
    """The service; may be left out when there is only one."""
    kind: Literal["latency", "status", "reset", "truncate", "slow_bytes"]
    """latency: requests reach their instance later. status: they are answered on the way. In real time with a real
    application only: reset: the client's connection is cut in place of the answer. truncate: the answer ends in its
    body. slow_bytes: the answer's body trickles."""
    share: Share = 1.0
    """Share of the requests that meet it."""
    delay_s: PositiveDuration | None = None
    """With latency: how much later."""
    status: Count | None = Field(default=None, ge=400, le=599)
    """With status: the answer's status; 503 if left out."""
    rate_bytes_per_s: ByteRate | None = Field(default=None, alias="rate")
    """With slow_bytes: how fast the body goes on; 1 KB/s if left out."""
    for_s: PositiveDuration | None = None
    """How long this goes on; to the end if left out."""

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


class RateSpec(Section):
    """Sources send more or less. Of several such actions at a time, the one that began last counts."""

    source: str | None = None
    """The source; every open one if left out."""
    factor: Number = Field(ge=0, le=FACTOR_MAX)
    """Factor on the rate; 1 is back to normal, 0 is silence."""
    for_s: PositiveDuration | None = None
    """How long this goes on; until the next such action if left out."""


Action = (
    KillInstanceSpec
    | SlowStartsSpec
    | FailHealthChecksSpec
    | UpdateAutoScalingSpec
    | WireFaultSpec
    | RateSpec
    | DeploySpec
    | ApiCall
)

# Those that have a key `service`, and then the others.
ON_A_SERVICE: Final = (
    "kill_instance",
    "slow_starts",
    "fail_health_checks",
    "update_auto_scaling",
    "wire_fault",
    "deploy",
)
ACTIONS: Final = (*ON_A_SERVICE, "rate", "api")


class EventSpec(Section):
    """One event: a time and exactly one action."""

    at_s: Duration
    """When, from the start of the run."""
    kill_instance: KillInstanceSpec | None = None
    """Ready instances die."""
    slow_starts: SlowStartsSpec | None = None
    """Starts take longer."""
    fail_health_checks: FailHealthChecksSpec | None = None
    """Health checks fail."""
    update_auto_scaling: UpdateAutoScalingSpec | None = None
    """Another auto scaling configuration."""
    wire_fault: WireFaultSpec | None = None
    """The wire spoils requests."""
    rate: RateSpec | None = None
    """Traffic grows or shrinks."""
    deploy: DeploySpec | None = None
    """A new version is deployed."""
    api: Call | None = None
    """Any operation of App Runner's API with its request, such as `{PauseService: {}}`. A name may stand for an ARN."""

    @model_validator(mode="after")
    def _has_one_action(self) -> EventSpec:
        given = [name for name in ACTIONS if getattr(self, name) is not None]
        if len(given) != 1:
            msg = f"action = {', '.join(given) or 'none'}, must be exactly one of {', '.join(ACTIONS)}"
            raise ValueError(msg)
        return self

    @property
    def action_name(self) -> str:
        """The one of ACTIONS that is set."""
        return next(name for name in ACTIONS if getattr(self, name) is not None)

    @property
    def action(self) -> Action:
        chosen: Action = getattr(self, self.action_name)
        return chosen
