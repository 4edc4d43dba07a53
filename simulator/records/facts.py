"""Facts: what happened, past tense, frozen. Times in seconds since the platform started (`at_s`)."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.model.instance import InstanceState


@dataclass(frozen=True, slots=True)
class ScalingDecided:
    """A policy decided. Recorded when the wish changed; repeated equal decisions are counted, not kept."""

    at_s: float
    service: str
    policy: str
    before: int  # the wish before
    desired: int
    formula: str
    reason: str
    inputs: tuple[tuple[str, float], ...]
    clamps: tuple[str, ...]
    assumes: str = ""  # a parameter that decided and whose value is not documented


@dataclass(frozen=True, slots=True)
class InstanceMoved:
    """An instance changed its state."""

    at_s: float
    service: str
    instance: int  # number within the service, from 1, never used twice
    before: InstanceState
    after: InstanceState
    why: str


@dataclass(frozen=True, slots=True)
class EventLogged:
    """A line of the service's event log, in App Runner's words where they are known (facts 9)."""

    at_s: float
    service: str
    line: str


@dataclass(frozen=True, slots=True)
class TimelineActed:
    """The scenario's timeline did something to the platform or to its traffic."""

    at_s: float
    action: str
    detail: str


@dataclass(frozen=True, slots=True)
class ConfigurationChanged:
    """The auto scaling configuration of a service is another one from now on."""

    at_s: float
    service: str
    max_concurrency: int
    min_size: int
    max_size: int


Fact = ScalingDecided | InstanceMoved | EventLogged | TimelineActed | ConfigurationChanged
