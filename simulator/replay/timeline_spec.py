"""The sections under `timeline`: what happens to the platform or to its traffic, and when."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, model_validator

from simulator.replay.sections import Count, Duration, Number, PositiveDuration, Section


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


class RateSpec(Section):
    """Sources send more or less. Of several such actions at a time, the one that began last counts."""

    source: str | None = None
    """The source; every open one if left out."""
    factor: Number = Field(ge=0)
    """Factor on the rate; 1 is back to normal, 0 is silence."""
    for_s: PositiveDuration | None = None
    """How long this goes on; until the next such action if left out."""


Action = KillInstanceSpec | SlowStartsSpec | FailHealthChecksSpec | UpdateAutoScalingSpec | RateSpec

ACTIONS: Final = ("kill_instance", "slow_starts", "fail_health_checks", "update_auto_scaling", "rate")


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
    rate: RateSpec | None = None
    """Traffic grows or shrinks."""

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
