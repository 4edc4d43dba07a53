"""The sections under `traffic`: sources of requests. What reaches a service is the sum of its sources.

A source is one shape and what all shapes share. Its own clock starts at `from`: a spike `at: 20s` of a source
`from: 60s` comes 80 s into the run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from simulator.replay.data_file import data_columns
from simulator.replay.law_spec import NOTHING, LawSpec
from simulator.replay.problems import did_you_mean
from simulator.replay.retries import RETRY_CAUSES
from simulator.replay.sections import (
    FACTOR_MAX,
    USERS_MAX,
    Count,
    Duration,
    Number,
    PositiveDuration,
    Rate,
    Section,
)
from simulator.replay.session_spec import RequestSpec, StepSpec
from simulator.replay.shape_spec import AtOnceSpec, MmppSpec, StagesSpec

Spacing = Literal["poisson", "clock"]
RetryCause = Annotated[
    Literal["429", "5xx", "no_answer"],
    BeforeValidator(lambda told: str(told) if told == 429 and not isinstance(told, bool) else told),
    WithJsonSchema({"enum": [429, "429", "5xx", "no_answer"]}),
]
TimeFormat = Literal["timestamp", "seconds", "milliseconds", "microseconds", "nanoseconds"]


def _data_file(value: str, info: ValidationInfo) -> Path:
    """`value` as a file that exists, relative to the scenario file."""
    path = Path((info.context or {}).get("folder", ".")) / value
    if not path.is_file():
        msg = f"file = {value!r}, must be an existing file, relative to the scenario file"
        raise ValueError(msg)
    return path


DataFile = Annotated[Any, BeforeValidator(str), AfterValidator(_data_file), WithJsonSchema({"type": "string"})]


class SteadySpec(Section):
    """A steady rate."""

    rate_rps: Rate
    """Requests per unit of time, such as 100/s."""


class LevelSpec(Section):
    """One step."""

    for_s: PositiveDuration
    """How long it lasts."""
    rate_rps: Rate
    """Its rate."""


class StepsSpec(Section):
    """A staircase: one level after the other, then nothing."""

    levels: tuple[LevelSpec, ...] = Field(min_length=1)
    """The steps, in order."""
    spacing: Spacing = "poisson"
    """poisson: at random; clock: evenly."""


class RampSpec(Section):
    """A rate that changes in a straight line, then stays."""

    start_rps: Rate
    """The rate at the start."""
    end_rps: Rate
    """The rate at the end and from then on."""
    over_s: PositiveDuration
    """How long the change takes."""
    spacing: Spacing = "poisson"
    """poisson: at random; clock: evenly."""


class SpikeSpec(Section):
    """A steady rate with one spike."""

    base_rps: Rate
    """The rate before and after."""
    peak_rps: Rate
    """The rate at the top."""
    at_s: Duration
    """When the rise begins."""
    rise_s: Duration = 0.0
    """How long the rise takes."""
    for_s: PositiveDuration
    """How long the top lasts."""
    fall_s: Duration = 0.0
    """How long the fall takes."""
    spacing: Spacing = "poisson"
    """poisson: at random; clock: evenly."""


class SineSpec(Section):
    """A rate that swings between two values: with a period of 24h, day and night."""

    low_rps: Rate
    """The lowest rate."""
    high_rps: Rate
    """The highest rate."""
    period_s: PositiveDuration
    """Time from one peak to the next."""
    peak_at_s: Duration = 0.0
    """When a peak is."""
    spacing: Spacing = "poisson"
    """poisson: at random; clock: evenly."""


class UsersStageSpec(Section):
    """One stage of a population."""

    duration_s: Duration
    """How long it takes; 0 jumps there."""
    target: Count = Field(ge=0, le=USERS_MAX)
    """How many users there are at its end."""


class ClosedSpec(Section):
    """Users: each sends a request, waits for the answer, thinks, and sends the next."""

    users: Count = Field(default=0, ge=0, le=USERS_MAX)
    """How many; with stages, how many at the start."""
    stages: tuple[UsersStageSpec, ...] = ()
    """Ramps of the number of users one after the other, as k6's ramping-vus; then it stays."""
    think_time: LawSpec = NOTHING
    """Time between an answer and the user's next request; with a session, between its end and the next one."""
    iterations: Count | None = Field(default=None, ge=1)
    """How many requests, or sessions, each user makes; without end if left out."""
    shared_iterations: Count | None = Field(default=None, ge=1)
    """How many all users together make; without end if left out."""

    @model_validator(mode="after")
    def _has_users(self) -> ClosedSpec:
        if self.users == 0 and not any(stage.target for stage in self.stages):
            msg = f"users = {self.users}, must be at least 1, or stages have a target of at least 1"
            raise ValueError(msg)
        return self

    @property
    def users_max(self) -> int:
        """The most at a time."""
        return max(self.users, *(stage.target for stage in self.stages), 0)


class RetrySpec(Section):
    """Clients that retry when they got 429, 5xx or no answer. Each attempt counts as a request of its own.

    The check `error_rate_after_retries` counts users: those whose last attempt failed, of all.
    """

    attempts: Count = Field(ge=2, le=100)
    """How often a client asks at most, the first time included."""
    wait: LawSpec = NOTHING
    """Time between a lost answer and the second attempt."""
    on: tuple[RetryCause, ...] = Field(default=RETRY_CAUSES, min_length=1)
    """After what they ask again: all of them if left out."""
    factor: Number = Field(default=1.0, ge=1, le=10)
    """By how much each further wait is longer than the one before: 2 doubles it."""


class BinsSpec(Section):
    """Recorded counts, one row per bin of time, from a CSV file with a header, plain or gzip.

    Counts with fractions are means: the requests of each bin are drawn around its mean.
    """

    file: DataFile
    """The CSV file, relative to the scenario file."""
    column: str | None = None
    """The column with the counts; the last one if left out."""
    time_column: str | None = None
    """The column with the time at which each bin begins; without one, each row is the bin after the row above."""
    format: TimeFormat = "timestamp"
    """How its times are written, as a trace's."""
    bin_s: PositiveDuration
    """The width of a bin."""
    skip_s: Duration = 0.0
    """How much of the recording is left out at its beginning, in its own time: whole bins."""
    arrivals: Literal["poisson", "smooth"] = "poisson"
    """poisson: each bin's requests fall at random within it; smooth: evenly."""


class TraceSpec(Section):
    """Recorded requests, one row each with its time, from a CSV file with a header, plain or gzip. The first is at 0 s.

    Rows may be somewhat out of order, as logs are.
    """

    file: DataFile
    """The CSV file, relative to the scenario file."""
    time_column: str | None = None
    """The column with the times; the first one if left out."""
    format: TimeFormat = "timestamp"
    """timestamp: ISO 8601 such as 2023-11-16 18:17:03.97, or a number since 1970; otherwise a number in this unit."""
    skip_s: Duration = 0.0
    """How much of the recording is left out at its beginning, in its own time; what is left begins at 0 s."""


SHAPES: Final = (
    "clock",
    "poisson",
    "steps",
    "ramp",
    "spike",
    "sine",
    "stages",
    "mmpp",
    "at_once",
    "closed",
    "bins",
    "trace",
)


class SourceSpec(Section):
    """One source of requests: exactly one shape, and what all shapes share."""

    name: str = Field(default="", pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """A name for reports and for the timeline; made from shape and position if left out."""
    service: str = ""
    """The service it sends to; may be left out when there is only one."""
    from_s: Duration = 0.0
    """When it starts."""
    until_s: Duration | None = None
    """When it ends; the end of the run if left out."""
    scale: Number = Field(default=1.0, gt=0, le=FACTOR_MAX)
    """Factor on the rate (below 1 recorded traffic is thinned at random). Closed sources have none."""
    time_scale: Number = Field(default=1.0, ge=1 / FACTOR_MAX, le=FACTOR_MAX)
    """Factor on the times: 0.5 plays a recording twice as fast. Closed sources have none."""
    requests: tuple[RequestSpec, ...] = Field(default=(RequestSpec(),), min_length=1)
    """What is asked for: one kind or several with weights."""
    session: tuple[StepSpec, ...] = ()
    """What each user does, step by step, in place of `requests`."""
    data: DataFile | None = None
    """A CSV file whose rows are handed to sessions, one each, in order and again: `${column}` is its value."""

    clock: SteadySpec | None = None
    """Evenly spaced requests: 10/s means at 0, 0.1, 0.2, ... s."""
    poisson: SteadySpec | None = None
    """Requests at random at a steady rate, as many independent users send them."""
    steps: StepsSpec | None = None
    """A staircase of rates."""
    ramp: RampSpec | None = None
    """A rate that grows or falls in a straight line."""
    spike: SpikeSpec | None = None
    """A steady rate with one spike."""
    sine: SineSpec | None = None
    """A rate that swings, such as day and night."""
    stages: StagesSpec | None = None
    """Ramps one after the other."""
    mmpp: MmppSpec | None = None
    """Bursts: a rate that jumps between states at random."""
    at_once: AtOnceSpec | None = None
    """Many requests at one instant."""
    closed: ClosedSpec | None = None
    """A fixed number of users with think time."""
    bins: BinsSpec | None = None
    """Recorded counts per bin of time."""
    trace: TraceSpec | None = None
    """Recorded requests, each with its time."""
    retry: RetrySpec | None = None
    """Clients ask again when they have lost; once if left out. Closed sources have none: their users ask anyway."""

    @model_validator(mode="after")
    def _has_one_shape(self) -> SourceSpec:
        given = [shape for shape in SHAPES if getattr(self, shape) is not None]
        if len(given) != 1:
            msg = f"shape = {', '.join(given) or 'none'}, must be exactly one of {', '.join(SHAPES)}"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _knows_its_values(self) -> SourceSpec:
        """Whatever a step sends as `${name}` is a column of the data or comes from a step before it."""
        if self.data is not None and not self.session:
            msg = f"data = {self.data.name}, must be left out without a session"
            raise ValueError(msg)
        known = [] if self.data is None else data_columns(self.data)
        for step in self.session:
            for name in step.placeholders:
                if name not in known:
                    msg = f"session = ${{{name}}}, must be a value that is known by then: {', '.join(known) or 'none'}"
                    raise ValueError(msg + did_you_mean(name, known))
            known += step.extract
        return self

    @property
    def kinds(self) -> tuple[RequestSpec, ...]:
        """The kinds of its requests: the steps of its sessions, or what is drawn by weight."""
        return self.session or self.requests

    @property
    def shape(self) -> str:
        """The one of SHAPES that is set."""
        return next(shape for shape in SHAPES if getattr(self, shape) is not None)

    @property
    def is_open(self) -> bool:
        """Whether arrivals are independent of answers: everything but a closed population."""
        return self.closed is None

    @property
    def peak_rps(self) -> float:
        """The highest rate that the file gives it, `scale` and `time_scale` included; 0 for recordings and users."""
        rates = [steady.rate_rps for steady in (self.clock, self.poisson) if steady is not None]
        if self.steps is not None:
            rates += [level.rate_rps for level in self.steps.levels]
        if self.ramp is not None:
            rates += [self.ramp.start_rps, self.ramp.end_rps]
        if self.spike is not None:
            rates += [self.spike.base_rps, self.spike.peak_rps]
        if self.sine is not None:
            rates += [self.sine.high_rps]
        if self.stages is not None:
            rates += [self.stages.start_rps, *(stage.target_rps for stage in self.stages.stages)]
        if self.mmpp is not None:
            rates += [state.rate_rps for state in self.mmpp.states]
        return max(rates, default=0.0) * self.scale / self.time_scale

    def end_s(self, duration_s: float) -> float:
        """When it ends in a run of `duration_s`."""
        return duration_s if self.until_s is None else min(self.until_s, duration_s)
