"""The report as data: the documented, versioned schema of `simulator run --json`.

Additions keep `REPORT_VERSION`; removing a field or changing its meaning increases it. Names end with units; ratios are
0 to 1; `null`: nothing was measured. Floats have nine significant digits. Times are seconds of the run, not of a clock.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import ConfigDict, Field

from simulator.model.text.field_docstrings import DescribedModel
from simulator.report.assumptions import AssumptionsPart
from simulator.report.background.part import BackgroundPart
from simulator.report.cost.part import CostPart
from simulator.report.decisions import DecisionPart, LookPart
from simulator.report.downstream import DownstreamPart
from simulator.report.generator import GeneratorPart
from simulator.report.image_pulls import ImagePullsPart
from simulator.report.notes import NotePart
from simulator.report.service_times.part import ServiceTimesPart
from simulator.report.verdict.part import VerdictPart
from simulator.report.web_acls import WebAclPart

REPORT_VERSION: Final = 2


class ReportPart(DescribedModel):
    """A part of the report; the docstring under a field is its description in the schema."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ScenarioPart(ReportPart):
    """The scenario that was run."""

    name: str
    """The scenario's name."""
    sha256: str
    """SHA-256 of the scenario file's bytes followed by those of its data files."""


class RunPart(ReportPart):
    """How the scenario was run."""

    seed: int
    """The same seed, scenario and simulator version give the same report in virtual time."""
    clock: Literal["real", "virtual"]
    """Real: TLS sockets and real time. Virtual: simulated time."""
    duration_s: float
    """Planned length."""
    ended_s: float
    """When the run ended; before `duration_s` if it was interrupted."""
    warm_up_s: float
    """Requests intended before this time are in `whole_run` and `series` only."""
    complete: bool
    """False if the run was interrupted; every number then covers the run so far."""


class VersionsPart(ReportPart):
    """The versions that ran it; not part of the digest."""

    simulator: str
    python: str
    """Version of the Python interpreter."""
    numpy: str
    """Version of numpy, whose generators supply the random numbers."""


class LatencyPart(ReportPart):
    """Durations of a set of requests. Mean and maximum are exact, percentiles within 0.4 %."""

    count: int
    """Number of requests in the set."""
    mean_s: float | None
    p50_s: float | None
    p75_s: float | None
    p90_s: float | None
    p95_s: float | None
    p99_s: float | None
    p999_s: float | None
    """99.9th percentile."""
    p9999_s: float | None
    """99.99th percentile."""
    max_s: float | None


class SharePart(ReportPart):
    """One part of the latency, over all served requests (most of which may have a value of 0)."""

    mean_s: float | None
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None


class CountsPart(ReportPart):
    """Outcomes of requests."""

    requests: int
    """All requests: served + rejected + failed + blocked."""
    served: int
    """Answered by the application, 4xx included."""
    rejected: int
    """Answered 429: no instance had a free slot."""
    failed: int
    """Answered 5xx or not at all, or closed by the client (499)."""
    blocked: int = 0
    """Answered by the web ACL. Only reports with `web_acls` have this field, here and in series."""
    by_status: dict[str, int]
    """Counts by HTTP status; "0" = no answer."""


class RequestsPart(CountsPart):
    """Requests intended after the warm-up."""

    rejected_ratio: float | None
    """rejected / requests."""
    error_rate: float | None
    """(rejected + failed) / requests."""
    served_rps: float | None
    """served / (ended_s - warm_up_s)."""
    latency: LatencyPart
    """Latency of served requests, from the time at which the client intended to send."""
    error_latency: LatencyPart
    """Latency of rejected and failed requests."""
    queue: SharePart
    """Time waiting for a slot, excluding waits for a start or wake."""
    cold: SharePart
    """Time waiting for an instance to start or to wake."""
    service: SharePart
    """Time at the instance, until the end of the answer's body."""
    client: SharePart = SharePart(mean_s=None, p50_s=None, p95_s=None, p99_s=None)
    """Time in the client and on the network: the latency minus the other three parts. 0 in virtual time."""
    cold_starts: int
    """Served requests that waited for an instance to start or to wake."""
    cold_start_ratio: float | None
    """cold_starts / served."""
    whole_run: CountsPart
    """The same counts, warm-up included."""


class SourcePart(ReportPart):
    """A source of traffic."""

    name: str
    service: str
    """The service that receives its requests."""
    requests: RequestsPart


class InstanceEventPart(ReportPart):
    """A change of an instance's state."""

    at_s: float
    instance: int
    """Its number within the service, from 1."""
    before: str
    after: str
    why: str
    zone: str = Field(default="")
    """Its Availability Zone. Only reports of scenarios with `zones` have this field."""


class EventPart(ReportPart):
    """A line of the service's event log."""

    at_s: float
    line: str


class ConfigurationPart(ReportPart):
    """The auto scaling configuration from a time on."""

    at_s: float
    max_concurrency: int
    min_size: int
    max_size: int


class InstancesPart(ReportPart):
    """Instances over the whole run. Provisioned: requested, not terminated. Active: starting or processing requests."""

    provisioned_s: float
    """Instance-seconds provisioned."""
    active_s: float
    """Instance-seconds active, including the time until an instance becomes idle."""
    provisioned_mean: float
    provisioned_max: int
    ready_mean: float
    ready_max: int
    active_mean: float
    active_max: int
    started: int
    ready: int
    crashed: int
    """Ready instances that exited by themselves or were killed."""
    ended_before_ready: int
    """Starts that failed or were cancelled."""


class SeriesPart(ReportPart):
    """The service over time: columns of equal length, one value per bin; requests by their intended time."""

    width_s: float
    """Bin i covers [i x width_s, (i + 1) x width_s); the last bin ends with the run."""
    offered: list[int]
    """served + rejected + failed + blocked."""
    served: list[int]
    rejected: list[int]
    failed: list[int]
    blocked: list[int] = Field(default=[])
    ended: list[int]
    """Requests by the time at which they ended: the throughput."""
    p50_s: list[float | None]
    """Percentiles of one bin are within 3.2 %."""
    p95_s: list[float | None]
    p99_s: list[float | None]
    desired: list[float]
    """Instances, mean over the bin; so are the next three columns."""
    provisioned: list[float]
    ready: list[float]
    active: list[float]


class ServicePart(ReportPart):
    """A service: its requests, its instances, their cost, and the decisions about their number."""

    name: str
    cpu: float
    """vCPU per instance."""
    memory_gb: float
    policy: str
    max_concurrency: int
    """The value at the start, as for the next two fields; see `configurations`."""
    min_size: int
    max_size: int
    requests: RequestsPart
    instances: InstancesPart
    cost: CostPart
    decisions: list[DecisionPart]
    looks: list[LookPart] = Field(default=[])
    """The last evaluation in each time step; the steps are long enough for a few hundred of them."""
    configurations: list[ConfigurationPart]
    """Changes of the auto scaling configuration."""
    instance_events: list[InstanceEventPart]
    events: list[EventPart]
    series: SeriesPart


class ActPart(ReportPart):
    """An action of the scenario's timeline."""

    at_s: float
    action: str
    detail: str


class CheckPart(ReportPart):
    """A check and the measured value."""

    text: str
    """The expression as in the scenario file."""
    value: float | None
    """Null if there was nothing to measure; the check has then failed."""
    limit: float
    unit: Literal["s", "ratio", "count", "rps", "usd"]
    passed: bool
    reason: str
    """Why the check failed."""


class Report(ReportPart):
    """The report of one run."""

    report_version: Literal[2]
    digest: str
    """SHA-256 of all but `digest`, `versions`, `verdict`, `notes`, `assumptions` and `service_times`, in the canonical
    form of serialization.py.
    """
    verdict: VerdictPart | None = Field(default=None)
    """What happened to which requests, why, and what would have changed it. Every run has it."""
    scenario: ScenarioPart
    run: RunPart
    versions: VersionsPart
    notes: list[NotePart] = Field(default=[])
    """The notes, most severe first."""
    passed: bool
    """True if all checks pass; false for an interrupted run, which is not judged."""
    checks: list[CheckPart]
    requests: RequestsPart
    """The requests of all sources together."""
    run_usd: float
    """The cost of all services together."""
    month_usd: float
    """The cost if every minute of 730 hours were like the run (or the part of it that was run)."""
    sources: list[SourcePart]
    services: list[ServicePart]
    timeline: list[ActPart]
    generator: GeneratorPart
    downstream: list[DownstreamPart] = Field(default=[])
    """Downstream resources; the document has no such field if there are none."""
    web_acls: list[WebAclPart] = Field(default=[])
    """The web ACLs of services; the document has no such field if there are none."""
    image_pulls: list[ImagePullsPart] = Field(default=[])
    """Pulls of simulated images; the document has no such field if there are none."""
    background: list[BackgroundPart] = Field(default=[])
    """Background work of simulated instances; left out if there is none."""
    assumptions: AssumptionsPart | None = Field(default=None)
    """The effect of assumptions, with `--assumptions`; the document has no such field without it."""
    service_times: ServiceTimesPart | None = Field(default=None)
    """Measured beside modelled service times; only in real time, with a real and a simulated application."""


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    return Report.model_json_schema(mode="serialization")
