"""Shapes of traffic that come in several stages, in bursts, or all at once."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.replay.sections import Count, Duration, PositiveDuration, Rate, Section

REQUESTS_AT_ONCE_MAX = 1_000_000


class StageSpec(Section):
    """One stage: the rate goes in a straight line from that of the stage before to `target`."""

    duration_s: Duration
    """How long it takes; 0 jumps there."""
    target_rps: Rate
    """The rate at its end."""


class StagesSpec(Section):
    """Ramps one after the other, as k6's ramping-arrival-rate; then nothing."""

    start_rps: Rate = 0.0
    """The rate at the start of the first stage."""
    stages: tuple[StageSpec, ...] = Field(min_length=1)
    """The stages, in order."""
    spacing: Literal["poisson", "clock"] = "poisson"
    """poisson: at random; clock: evenly."""


class StateSpec(Section):
    """A state of the bursty traffic."""

    rate_rps: Rate
    """The rate of requests in it."""
    stay_s: PositiveDuration
    """How long it lasts on average; each time is drawn from an exponential distribution."""


class MmppSpec(Section):
    """A Markov-modulated Poisson process: bursts. One state follows the other in a circle; it begins at random."""

    states: tuple[StateSpec, ...] = Field(min_length=2)
    """The states, such as calm and burst."""

    @property
    def mean_rps(self) -> float:
        """Over a long time."""
        stay_s = sum(state.stay_s for state in self.states)
        return sum(state.rate_rps * state.stay_s for state in self.states) / stay_s


class AtOnceSpec(Section):
    """Many requests at one instant, as Gatling's atOnceUsers."""

    requests: Count = Field(ge=1, le=REQUESTS_AT_ONCE_MAX)
    """How many."""
    at_s: Duration = 0.0
    """When."""
