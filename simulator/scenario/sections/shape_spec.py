"""Shapes of traffic with several stages, with bursts, or with all requests at once."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.scenario.sections.base_model import Count, Duration, PositiveDuration, Rate, Section

REQUESTS_AT_ONCE_MAX = 1_000_000


class StageSpec(Section):
    """One stage: the rate changes linearly from that of the previous stage to `target`."""

    duration_s: Duration
    """Duration of the stage; 0 jumps to the target."""
    target_rps: Rate
    """The rate at the end of the stage."""


class StagesSpec(Section):
    """Consecutive ramps, like k6's ramping-arrival-rate; then nothing."""

    start_rps: Rate = 0.0
    """The rate at the start of the first stage."""
    stages: tuple[StageSpec, ...] = Field(min_length=1)
    """The stages, in order."""
    spacing: Literal["poisson", "clock"] = "poisson"
    """poisson: at random; clock: at equal intervals."""


class StateSpec(Section):
    """A state of the bursty traffic."""

    rate_rps: Rate
    """The rate of requests in this state."""
    stay_s: PositiveDuration
    """Mean duration of the state; each duration is sampled from an exponential distribution."""


class MmppSpec(Section):
    """A Markov-modulated Poisson process: bursts.

    The states follow each other in a cycle; the first state is random.
    """

    states: tuple[StateSpec, ...] = Field(min_length=2)
    """The states, such as calm and burst."""

    @property
    def mean_rps(self) -> float:
        """The mean rate over a long time."""
        stay_s = sum(state.stay_s for state in self.states)
        return sum(state.rate_rps * state.stay_s for state in self.states) / stay_s


class AtOnceSpec(Section):
    """Many requests at one instant, like Gatling's atOnceUsers."""

    requests: Count = Field(ge=1, le=REQUESTS_AT_ONCE_MAX)
    """Number of requests."""
    at_s: Duration = 0.0
    """Time of the requests."""
