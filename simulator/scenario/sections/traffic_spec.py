"""The sections under `traffic`: sources of requests. The traffic of a service is the sum of its sources.

A source has one shape, and settings that all shapes share. Its times count from its own start `from`: a spike `at: 20s`
of a source with `from: 60s` is 80 s after the start of the run.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from simulator.rules.retries import RETRY_CAUSES
from simulator.scenario.files.data_file import data_columns
from simulator.scenario.problems import did_you_mean
from simulator.scenario.sections.base_model import (
    FACTOR_MAX,
    Count,
    Duration,
    Flag,
    Number,
    Section,
    fields_of,
)
from simulator.scenario.sections.distribution_spec import NOTHING, DistributionSpec
from simulator.scenario.sections.session_spec import RequestSpec, StepSpec
from simulator.scenario.sections.shape_spec import (
    AtOnceSpec,
    BinsSpec,
    ClockSpec,
    ClosedSpec,
    DataFile,
    MmppSpec,
    PoissonSpec,
    RampSpec,
    Shape,
    SineSpec,
    SpikeSpec,
    StagesSpec,
    StepsSpec,
    TraceSpec,
    highest_rps,
)

RetryCause = Annotated[
    Literal["429", "5xx", "no_answer"],
    BeforeValidator(lambda given: str(given) if given == 429 and not isinstance(given, bool) else given),
    WithJsonSchema({"enum": [429, "429", "5xx", "no_answer"]}),
]


def _address_range(text: str) -> str:
    """Return `text` if it is an IP address or a range of addresses."""
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        msg = f"{text!r} is not an address; write one such as 198.51.100.7, or a range such as 198.51.100.0/24: {error}"
        raise ValueError(msg) from error
    return text


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
    requests: tuple[RequestSpec, ...] = Field(default=(RequestSpec.unchanged(),), min_length=1)
    """The requests: one kind, or several with weights."""
    session: tuple[StepSpec, ...] = ()
    """The steps of each user's session; replaces `requests`."""
    cookies: Flag = True
    """Whether a session keeps the cookies that answers set and sends them with its later steps (real time)."""
    addresses: Annotated[
        tuple[Annotated[str, AfterValidator(_address_range)], ...],
        BeforeValidator(lambda given: (given,) if isinstance(given, str) else given),
    ] = ()
    """Addresses of the clients, as a web ACL sees them: addresses or ranges such as 198.51.100.0/24, from which that of
    each user is drawn (default: 127.0.0.1).
    """
    data: DataFile | None = None
    """A CSV file whose rows are assigned to sessions, one each, in order and repeatedly: `${column}` is its value."""

    clock: ClockSpec | None = None
    """Requests at equal intervals: 10/s means at 0, 0.1, 0.2, ... s."""
    poisson: PoissonSpec | None = None
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
        """Check that every `${name}` in a step is a column of the data or was extracted by an earlier step."""
        if self.data is not None and not self.session:
            msg = f"data = {self.data.name}, must be left out without a session"
            raise ValueError(msg)
        if not self.cookies and not self.session:
            msg = "cookies = off, must be left out without a session"
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
        """The kinds of its requests: the steps of its sessions, or the `requests` that are chosen by weight."""
        return self.session or self.requests

    @property
    def shape_name(self) -> str:
        """The member of SHAPES that is set."""
        return next(name for name in SHAPES if getattr(self, name) is not None)

    @property
    def shape(self) -> Shape:
        chosen: Shape = getattr(self, self.shape_name)
        return chosen

    @property
    def is_open(self) -> bool:
        """True if arrivals are independent of answers: for every shape except a closed population."""
        return self.closed is None

    @property
    def peak_rps(self) -> float:
        """The highest rate that the file states, with `scale` and `time_scale`; 0 for recordings and users."""
        return highest_rps(self.shape) * self.scale / self.time_scale

    def end_s(self, duration_s: float) -> float:
        """Return the time at which the source ends in a run of `duration_s`."""
        return duration_s if self.until_s is None else min(self.until_s, duration_s)


SHAPES: Final = fields_of(SourceSpec, get_args(Shape))
"""The names of the shapes, which are the fields of a source that hold one."""
