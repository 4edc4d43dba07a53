"""The sections under `traffic`: sources of requests. What reaches a service is the sum of its sources.

A source is one shape and what all shapes share. Its own clock starts at `from`: a spike `at: 20s` of a source
`from: 60s` comes 80 s into the run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from simulator.rules.retries import RETRY_CAUSES
from simulator.scenario.data_file import data_columns
from simulator.scenario.problems import did_you_mean
from simulator.scenario.sections.base_model import (
    FACTOR_MAX,
    USERS_MAX,
    Count,
    Duration,
    Number,
    PositiveDuration,
    Rate,
    Section,
)
from simulator.scenario.sections.distribution_spec import NOTHING, DistributionSpec
from simulator.scenario.sections.session_spec import RequestSpec, StepSpec
from simulator.scenario.sections.shape_spec import AtOnceSpec, MmppSpec, StagesSpec

Spacing = Literal["poisson", "clock"]
RetryCause = Annotated[
    Literal["429", "5xx", "no_answer"],
    BeforeValidator(lambda given: str(given) if given == 429 and not isinstance(given, bool) else given),
    WithJsonSchema({"enum": [429, "429", "5xx", "no_answer"]}),
]
TimeFormat = Literal["timestamp", "seconds", "milliseconds", "microseconds", "nanoseconds"]


def _data_file(value: str, info: ValidationInfo) -> Path:
    """Return `value` as an existing file, relative to the scenario file."""
    path = Path((info.context or {}).get("folder", ".")) / value
    if not path.is_file():
        msg = f"file = {value!r}, must be an existing file, relative to the scenario file"
        raise ValueError(msg)
    return path


DataFile = Annotated[Any, BeforeValidator(str), AfterValidator(_data_file), WithJsonSchema({"type": "string"})]


class SteadySpec(Section):
    """A constant rate."""

    rate_rps: Rate
    """Requests per unit of time, such as 100/s."""


class LevelSpec(Section):
    """One step of a staircase."""

    for_s: PositiveDuration
    """Duration of the step."""
    rate_rps: Rate
    """Rate of the step."""


class StepsSpec(Section):
    """A staircase: consecutive constant rates, then nothing."""

    levels: tuple[LevelSpec, ...] = Field(min_length=1)
    """The steps, in order."""
    spacing: Spacing = "poisson"
    """poisson: at random; clock: at equal intervals."""


class RampSpec(Section):
    """A rate that changes linearly, then stays constant."""

    start_rps: Rate
    """The rate at the start."""
    end_rps: Rate
    """The rate at the end and afterwards."""
    over_s: PositiveDuration
    """Duration of the change."""
    spacing: Spacing = "poisson"
    """poisson: at random; clock: at equal intervals."""


class SpikeSpec(Section):
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


class SineSpec(Section):
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


class UsersStageSpec(Section):
    """One stage of a population."""

    duration_s: Duration
    """Duration of the stage; 0 jumps to the target."""
    target: Count = Field(ge=0, le=USERS_MAX)
    """Number of users at its end."""


class ClosedSpec(Section):
    """Users: each sends a request, waits for the answer, thinks, and sends the next."""

    users: Count = Field(default=0, ge=0, le=USERS_MAX)
    """Number of users; with stages, the number at the start."""
    stages: tuple[UsersStageSpec, ...] = ()
    """Consecutive ramps of the number of users, like k6's ramping-vus; after the last stage it stays constant."""
    think_time: DistributionSpec = NOTHING
    """Time between an answer and the user's next request; with a session, between its end and the next session."""
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


class RetrySpec(Section):
    """Clients that retry after 429, 5xx or no answer. Each attempt counts as a separate request.

    The check `error_rate_after_retries` is about users: those whose last attempt failed, as a ratio of all users.
    """

    attempts: Count = Field(ge=2, le=100)
    """Highest number of attempts, including the first."""
    wait: DistributionSpec = NOTHING
    """Time between a failed answer and the second attempt."""
    on: tuple[RetryCause, ...] = Field(default=RETRY_CAUSES, min_length=1)
    """Causes of a retry (default: all)."""
    factor: Number = Field(default=1.0, ge=1, le=10)
    """Factor between consecutive waits: 2 doubles each wait."""


class BinsSpec(Section):
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
    """A name for reports and for the timeline (default: made from shape and position)."""
    service: str = ""
    """The service that receives the requests (default: the only service)."""
    from_s: Duration = 0.0
    """Time at which the source starts."""
    until_s: Duration | None = None
    """Time at which the source ends (default: the end of the run)."""
    scale: Number = Field(default=1.0, gt=0, le=FACTOR_MAX)
    """Factor on the rate (below 1 recorded traffic is thinned at random). Not allowed for closed sources."""
    time_scale: Number = Field(default=1.0, ge=1 / FACTOR_MAX, le=FACTOR_MAX)
    """Factor on the times: 0.5 plays a recording twice as fast. Not allowed for closed sources."""
    requests: tuple[RequestSpec, ...] = Field(default=(RequestSpec(),), min_length=1)
    """The requests: one kind, or several with weights."""
    session: tuple[StepSpec, ...] = ()
    """The steps of each user's session; replaces `requests`."""
    data: DataFile | None = None
    """A CSV file whose rows are assigned to sessions, one each, in order and repeatedly: `${column}` is its value."""

    clock: SteadySpec | None = None
    """Requests at equal intervals: 10/s means at 0, 0.1, 0.2, ... s."""
    poisson: SteadySpec | None = None
    """Requests at random with a constant rate, as many independent users send them."""
    steps: StepsSpec | None = None
    """A staircase of rates."""
    ramp: RampSpec | None = None
    """A rate that increases or decreases linearly."""
    spike: SpikeSpec | None = None
    """A constant rate with one spike."""
    sine: SineSpec | None = None
    """A rate that oscillates, such as day and night."""
    stages: StagesSpec | None = None
    """Consecutive ramps."""
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
    """Clients retry failed requests (default: no retries). Not allowed for closed sources: their users send again
    anyway.
    """

    @model_validator(mode="after")
    def _has_one_shape(self) -> SourceSpec:
        given = [shape for shape in SHAPES if getattr(self, shape) is not None]
        if len(given) != 1:
            msg = f"shape = {', '.join(given) or 'none'}, must be exactly one of {', '.join(SHAPES)}"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _knows_its_values(self) -> SourceSpec:
        """Check that every `${name}` that a step sends is a column of the data or comes from an earlier step."""
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
        """The kinds of its requests: the steps of its sessions, or the kinds that are chosen by weight."""
        return self.session or self.requests

    @property
    def shape(self) -> str:
        """The member of SHAPES that is set."""
        return next(shape for shape in SHAPES if getattr(self, shape) is not None)

    @property
    def is_open(self) -> bool:
        """Return whether arrivals are independent of answers: true for everything but a closed population."""
        return self.closed is None

    @property
    def peak_rps(self) -> float:
        """The highest rate in the file, `scale` and `time_scale` included; 0 for recordings and users."""
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
        """Return when the source ends in a run of `duration_s`."""
        return duration_s if self.until_s is None else min(self.until_s, duration_s)
