"""A fault at a service that runs, written as an event of a timeline without its time."""

from __future__ import annotations

from typing import Final

from pydantic import model_validator

from simulator.scenario.sections.base_model import Section
from simulator.scenario.sections.timeline_spec import (
    FailHealthChecksSpec,
    KillInstanceSpec,
    MaintenanceSpec,
    RecycleSpec,
    SlowStartsSpec,
    WireFaultSpec,
    ZoneLossSpec,
)

Fault = (
    KillInstanceSpec
    | RecycleSpec
    | MaintenanceSpec
    | SlowStartsSpec
    | FailHealthChecksSpec
    | WireFaultSpec
    | ZoneLossSpec
)


class FaultSpec(Section):
    """Exactly one fault, such as `wire_fault: {kind: latency, delay: 200ms}`."""

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
    wire_fault: WireFaultSpec | None = None
    """The connection to the instances fails for a share of the requests."""
    zone_loss: ZoneLossSpec | None = None
    """An Availability Zone is lost."""

    @model_validator(mode="after")
    def _is_one(self) -> FaultSpec:
        given = [name for name in KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            msg = f"fault = {', '.join(given) or 'none'}, must be exactly one of {', '.join(KINDS)}"
            raise ValueError(msg)
        return self

    @property
    def kind(self) -> str:
        """The member of KINDS that is set."""
        return next(name for name in KINDS if getattr(self, name) is not None)

    @property
    def fault(self) -> Fault:
        chosen: Fault = getattr(self, self.kind)
        return chosen


KINDS: Final = tuple(FaultSpec.model_fields)
