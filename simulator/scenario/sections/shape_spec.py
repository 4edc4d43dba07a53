"""The shapes of traffic, one section each, and their properties that do not depend on the rest of the source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, assert_never

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from simulator.scenario.files.named_file import named_file
from simulator.scenario.sections.base_model import USERS_MAX, Count, Duration, PositiveDuration, Rate, Section
from simulator.scenario.sections.distribution_spec import NOTHING, DistributionSpec

REQUESTS_AT_ONCE_MAX: Final = 1_000_000

Spacing = Literal["poisson", "clock"]
TimeFormat = Literal["timestamp", "seconds", "milliseconds", "microseconds", "nanoseconds"]


def _data_file(value: str, info: ValidationInfo) -> Path:
    """Return `value` as an existing file; a relative path starts at the folder of the scenario file."""
    path = named_file(Path((info.context or {}).get("folder", ".")), value, "file")
    if not path.is_file():
        msg = f"file = {value!r}, must be an existing file, relative to the scenario file"
        raise ValueError(msg)
    return path


DataFile = Annotated[Any, BeforeValidator(str), AfterValidator(_data_file), WithJsonSchema({"type": "string"})]


class CurveSpec(Section):
    """A shape that is a rate curve."""


class SteadySpec(CurveSpec):
    """A constant rate."""

    rate_rps: Rate
    """Requests per unit of time, such as 100/s."""


class ClockSpec(SteadySpec):
    """A constant rate, at equal intervals."""


class PoissonSpec(SteadySpec):
    """A constant rate, at random."""


class LevelSpec(Section):
    """One step of a staircase."""

    for_s: PositiveDuration
    """Duration of the step."""
    rate_rps: Rate
    """Rate of the step."""


class StepsSpec(CurveSpec):
    """A staircase: consecutive constant rates, then nothing."""

    levels: tuple[LevelSpec, ...] = Field(min_length=1)
    """The steps, in order."""
    spacing: Spacing = "poisson"
    """poisson: at random; clock: at equal intervals."""


class RampSpec(CurveSpec):
    """A rate that changes linearly, then stays constant."""

    start_rps: Rate
    """The rate at the start."""
    end_rps: Rate
    """The rate at the end and afterwards."""
    over_s: PositiveDuration
    """Duration of the change."""
    spacing: Spacing = "poisson"
    """poisson: at random; clock: at equal intervals."""


class SpikeSpec(CurveSpec):
    """A constant rate with one spike."""

    base_rps: Rate
    """The rate before and after the spike."""
    peak_rps: Rate
    """The rate at the top of the spike."""
    at_s: Duration
    """Time at which the rise begins."""
    rise_s: Duration = 0.0
    """Duration of the rise."""
    for_s: PositiveDuration
    """Duration of the top."""
    fall_s: Duration = 0.0
    """Duration of the fall."""
    spacing: Spacing = "poisson"
    """poisson: at random; clock: at equal intervals."""


class SineSpec(CurveSpec):
    """A rate that oscillates between two values: with a period of 24h, day and night."""

    low_rps: Rate
    """The lowest rate."""
    high_rps: Rate
    """The highest rate."""
    period_s: PositiveDuration
    """Time from one peak to the next."""
    peak_at_s: Duration = 0.0
    """Time of a peak."""
    spacing: Spacing = "poisson"
    """poisson: at random; clock: at equal intervals."""


class StageSpec(Section):
    """One stage: the rate changes linearly from that of the previous stage to `target`."""

    duration_s: Duration
    """Duration of the stage; 0 jumps to the target."""
    target_rps: Rate
    """The rate at the end of the stage."""


class StagesSpec(CurveSpec):
    """Consecutive ramps, like k6's ramping-arrival-rate; then nothing."""

    start_rps: Rate = 0.0
    """The rate at the start of the first stage."""
    stages: tuple[StageSpec, ...] = Field(min_length=1)
    """The stages, in order."""
    spacing: Spacing = "poisson"
    """poisson: at random; clock: at equal intervals."""


class StateSpec(Section):
    """A state of the bursty traffic."""

    rate_rps: Rate
    """The rate of requests in this state."""
    stay_s: PositiveDuration
    """Mean duration of the state; each duration is sampled from an exponential distribution."""


class MmppSpec(CurveSpec):
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


class UsersStageSpec(Section):
    """One stage of a population."""

    duration_s: Duration
    """Duration of the stage; 0 jumps to the target."""
    target: Count = Field(ge=0, le=USERS_MAX)
    """Number of users at the end of the stage."""


class ClosedSpec(Section):
    """Users: each sends a request, waits for the answer, thinks, and sends the next."""

    users: Count = Field(default=0, ge=0, le=USERS_MAX)
    """Number of users; with stages, the number at the start."""
    stages: tuple[UsersStageSpec, ...] = ()
    """Consecutive ramps of the number of users, like k6's ramping-vus; after the last stage it stays constant."""
    think_time: DistributionSpec = NOTHING
    """Time between an answer and the user's next request; with a session, between its end and the next session."""
    begin: Literal["think_time", "request"] = "think_time"
    """The first act of a user that joins. think_time: users who join together do not send together; request: as users
    of k6 and Locust do.
    """
    iterations: Count | None = Field(default=None, ge=1)
    """Number of requests, or sessions, per user (default: no limit)."""
    shared_iterations: Count | None = Field(default=None, ge=1)
    """Number of requests, or sessions, of all users together (default: no limit)."""

    @model_validator(mode="after")
    def _has_users(self) -> ClosedSpec:
        if self.users == 0 and not any(stage.target for stage in self.stages):
            msg = f"users = {self.users}, must be at least 1, or stages have a target of at least 1"
            raise ValueError(msg)
        return self

    @property
    def users_max(self) -> int:
        """The highest number of users at a time."""
        return max(self.users, *(stage.target for stage in self.stages), 0)


class BinsSpec(CurveSpec):
    """Recorded counts, one row per bin of time, from a CSV file with a header, plain or gzip.

    Fractional counts are means: the requests of each bin are sampled around its mean.
    """

    file: DataFile
    """The CSV file, relative to the scenario file."""
    column: str | None = None
    """The column with the counts (default: the last column)."""
    time_column: str | None = None
    """The column with the start time of each bin; without one, each row is the bin after the previous row."""
    format: TimeFormat = "timestamp"
    """The format of the times, as in a trace."""
    bin_s: PositiveDuration
    """The width of a bin."""
    skip_s: Duration = 0.0
    """Length of the part at the beginning that is skipped, in the recording's own time: whole bins."""
    arrivals: Literal["poisson", "smooth"] = "poisson"
    """poisson: each bin's requests are placed at random within it; smooth: at equal intervals."""


class TraceSpec(Section):
    """Recorded requests, one row each with its time, from a CSV file with a header, plain or gzip. The first is at 0 s.

    Rows may be slightly out of order, as in logs.
    """

    file: DataFile
    """The CSV file, relative to the scenario file."""
    time_column: str | None = None
    """The column with the times (default: the first column)."""
    format: TimeFormat = "timestamp"
    """timestamp: ISO 8601 such as 2023-11-16 18:17:03.97, or a number since 1970; otherwise a number in this unit."""
    skip_s: Duration = 0.0
    """Length of the part at the beginning that is skipped, in the recording's own time; the rest begins at 0 s."""


Curve = ClockSpec | PoissonSpec | StepsSpec | RampSpec | SpikeSpec | SineSpec | StagesSpec | MmppSpec | BinsSpec
"""The shapes that are rate curves."""
Shape = Curve | AtOnceSpec | ClosedSpec | TraceSpec
"""The shapes of traffic. Each `match` over them ends with `assert_never`, so that a new shape must be handled."""


def is_clocked(shape: Curve) -> bool:
    """Return True if requests are sent at equal intervals of the curve's integral, instead of at random."""
    match shape:
        case ClockSpec() | BinsSpec():
            return True
        case PoissonSpec() | MmppSpec():
            return False
        case StepsSpec() | RampSpec() | SpikeSpec() | SineSpec() | StagesSpec():
            return shape.spacing == "clock"
        case _:
            assert_never(shape)


def highest_rps(shape: Shape) -> float:  # noqa: PLR0911 one return per shape is the table
    """Return the highest rate in the section; 0 for recordings, for users, and for requests at one instant."""
    match shape:
        case ClockSpec() | PoissonSpec():
            return shape.rate_rps
        case StepsSpec():
            return max(level.rate_rps for level in shape.levels)
        case RampSpec():
            return max(shape.start_rps, shape.end_rps)
        case SpikeSpec():
            return max(shape.base_rps, shape.peak_rps)
        case SineSpec():
            return shape.high_rps
        case StagesSpec():
            return max(shape.start_rps, *(stage.target_rps for stage in shape.stages))
        case MmppSpec():
            return max(state.rate_rps for state in shape.states)
        case AtOnceSpec() | ClosedSpec() | BinsSpec() | TraceSpec():
            return 0.0
        case _:
            assert_never(shape)
