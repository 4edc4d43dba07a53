"""The report as data: the documented, versioned schema of `simulator run --json`.

Additions keep `REPORT_VERSION`; a field that goes away or changes its meaning raises it. Units stand last in the names:
`_s` seconds, `_rps` requests per second, `_usd` US dollars; ratios are 0 to 1. `null` means that there was nothing to
measure. Floats carry nine significant digits. Times are seconds since the platform started; no wall-clock time, path or
host name is in here.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from simulator.replay.report_decisions import DecisionPart, LookPart
from simulator.replay.report_notes import NotePart

REPORT_VERSION: Final = 2


class Part(BaseModel):
    """A part of the report; the docstring under a field is its description in the schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ScenarioPart(Part):
    """What was played."""

    name: str
    """The scenario's name."""
    sha256: str
    """Of the scenario file's bytes followed by those of its data files."""


class RunPart(Part):
    """How it was played."""

    seed: int
    """The same seed, scenario and simulator version give the same report in virtual time."""
    clock: Literal["real", "virtual"]
    """Real: TLS sockets and real time. Virtual: simulated time."""
    duration_s: float
    """Planned length."""
    ended_s: float
    """When the run ended; before `duration_s` when it was interrupted."""
    warm_up_s: float
    """Requests intended before this moment are in `whole_run` and `series` only."""
    complete: bool
    """False when the run was interrupted; every number then covers the run so far."""


class VersionsPart(Part):
    """What played it; not part of the digest."""

    simulator: str
    """Version of the simulator."""
    python: str
    """Version of the Python interpreter."""
    numpy: str
    """Version of numpy, whose generators draw the random numbers."""


class LatencyPart(Part):
    """Durations of a set of requests. Mean and max are exact, percentiles within 0.4 %."""

    count: int
    """How many requests it is about."""
    mean_s: float | None
    p50_s: float | None
    p75_s: float | None
    p90_s: float | None
    p95_s: float | None
    p99_s: float | None
    p999_s: float | None
    """99.9 %."""
    p9999_s: float | None
    """99.99 %."""
    max_s: float | None


class SharePart(Part):
    """One part of the latency, over all served requests (most of which may have spent nothing on it)."""

    mean_s: float | None
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None


class CountsPart(Part):
    """How requests ended."""

    requests: int
    """All of them: served + rejected + failed."""
    served: int
    """Answered by the application, 4xx included."""
    rejected: int
    """Answered 429: no instance had a free slot."""
    failed: int
    """Answered 5xx or not at all, or the client went away (499)."""
    by_status: dict[str, int]
    """By HTTP status; "0" = no answer."""


class RequestsPart(CountsPart):
    """Requests intended after the warm-up."""

    rejected_ratio: float | None
    """rejected / requests."""
    error_rate: float | None
    """(rejected + failed) / requests."""
    served_rps: float | None
    """served / (ended_s - warm_up_s)."""
    latency: LatencyPart
    """Of served requests, from the moment the client meant to send."""
    error_latency: LatencyPart
    """Of rejected and failed requests."""
    queue: SharePart
    """Waiting for a slot, without what a start or wake caused."""
    cold: SharePart
    """Waiting for an instance to start or to wake."""
    service: SharePart
    """At the instance, until the end of the answer's body."""
    client: SharePart = SharePart(mean_s=None, p50_s=None, p95_s=None, p99_s=None)
    """In the client and on the network: what the other three leave of the latency. 0 in virtual time."""
    cold_starts: int
    """Served requests that waited for an instance to start or to wake."""
    cold_start_ratio: float | None
    """cold_starts / served."""
    whole_run: CountsPart
    """The same counts with the warm-up."""


class SourcePart(Part):
    """A source of traffic."""

    name: str
    service: str
    """Where its requests go."""
    requests: RequestsPart


class InstanceEventPart(Part):
    """An instance changed its state."""

    at_s: float
    instance: int
    """Its number within the service, from 1."""
    before: str
    after: str
    why: str


class EventPart(Part):
    """A line of the service's event log."""

    at_s: float
    line: str


class ConfigurationPart(Part):
    """The auto scaling configuration from a moment on."""

    at_s: float
    max_concurrency: int
    min_size: int
    max_size: int


class InstancesPart(Part):
    """Instances over the whole run. Provisioned: launched and not gone. Active: starting or processing requests."""

    provisioned_s: float
    """Instance-seconds provisioned."""
    active_s: float
    """Instance-seconds active, the time until an instance falls idle included."""
    provisioned_mean: float
    provisioned_max: int
    ready_mean: float
    ready_max: int
    active_mean: float
    active_max: int
    started: int
    ready: int
    crashed: int
    """Ready instances that ended by themselves or were killed."""
    ended_before_ready: int
    """Starts that failed or were no longer wanted."""


class LinePart(Part):
    """A line of a bill: quantity x rate."""

    item: str
    quantity: float
    unit: str
    rate_usd: float
    usd: float


class BillPart(Part):
    """USD, not rounded to cents."""

    lines: list[LinePart]
    usd: float


class CostPart(Part):
    """What App Runner would charge."""

    region: str
    """Whose rates."""
    prices: str = ""
    """Of when the rates are, and where they were read."""
    estimated: bool = False
    """The Region's rates were not read: they are estimated (prices says how)."""
    month_rests_on: str = ""
    """What the month is extrapolated from."""
    run: BillPart
    """For the whole run, warm-up included."""
    month: BillPart
    """If every minute of 730 hours were like the run; a minimum that reaches beyond the run's end is cut there."""
    usd_per_million_served: float | None
    """The run's bill / served requests x 10^6."""


class SeriesPart(Part):
    """The service over time: columns of equal length, one value a bin; requests by the time they were meant for."""

    width_s: float
    """Bin i covers [i x width_s, (i + 1) x width_s); the last one ends with the run."""
    offered: list[int]
    """served + rejected + failed."""
    served: list[int]
    rejected: list[int]
    failed: list[int]
    ended: list[int]
    """By the time at which they ended: the throughput."""
    p50_s: list[float | None]
    """Percentiles of one bin are within 3.2 %."""
    p95_s: list[float | None]
    p99_s: list[float | None]
    desired: list[float]
    """Instances, mean over the bin, these four."""
    provisioned: list[float]
    ready: list[float]
    active: list[float]


class ServicePart(Part):
    """A service: its requests, its instances, what they cost and why there were so many."""

    name: str
    cpu: float
    """vCPU of an instance."""
    memory_gb: float
    policy: str
    max_concurrency: int
    """At the start, these three; see `configurations`."""
    min_size: int
    max_size: int
    requests: RequestsPart
    instances: InstancesPart
    cost: CostPart
    decisions: list[DecisionPart]
    looks: list[LookPart] = []
    """The last look of each step of time; steps are as long as a few hundred of them need."""
    configurations: list[ConfigurationPart]
    """Changes of the auto scaling configuration."""
    instance_events: list[InstanceEventPart]
    events: list[EventPart]
    series: SeriesPart


class ActPart(Part):
    """What the scenario's timeline did."""

    at_s: float
    action: str
    detail: str


class CheckPart(Part):
    """A threshold and what was measured."""

    text: str
    """As the scenario file has it."""
    value: float | None
    """Null when there was nothing to measure; the check has failed then."""
    limit: float
    unit: Literal["s", "ratio", "count", "rps", "usd"]
    passed: bool
    reason: str
    """Why it failed."""


class GeneratorPart(Part):
    """How late the load generator sent; in virtual time it cannot be late."""

    late_p50_s: float | None
    late_p99_s: float | None
    late_max_s: float | None
    kept_up: bool
    """False: the generator could not keep up, and latencies contain its own lateness."""


class Report(Part):
    """What happened in one run."""

    report_version: Literal[2]
    digest: str
    """SHA-256 over everything but `digest`, `versions` and `notes`, in the canonical form of report_json.py."""
    scenario: ScenarioPart
    run: RunPart
    versions: VersionsPart
    notes: list[NotePart] = []
    """The gravest first."""
    passed: bool
    """All checks pass; false for a run that was interrupted: it is not judged."""
    checks: list[CheckPart]
    requests: RequestsPart
    """All sources together."""
    run_usd: float
    """All services together."""
    month_usd: float
    """If every minute of 730 hours were like the run (or the part of it that was played)."""
    sources: list[SourcePart]
    services: list[ServicePart]
    timeline: list[ActPart]
    generator: GeneratorPart


def report_schema() -> dict[str, Any]:
    """The JSON Schema of the report."""
    return Report.model_json_schema(mode="serialization")
