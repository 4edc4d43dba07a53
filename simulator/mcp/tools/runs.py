"""The tools about one run: its figures, its verdict, and the reason of a scaling decision."""

from __future__ import annotations

import operator
from typing import Final, Literal

from pydantic import Field

from simulator.lab.figures import figures
from simulator.lab.what_if.what_ifs import PLAYS_MAX, with_played_changes
from simulator.lab.why import losses_at, parse_moment, verdict_lines, why
from simulator.mcp.tools.tool import AgentTool, ScenarioArguments, ToolContext, ToolOutput
from simulator.model.text.quantities import quantity_text
from simulator.report.schema import CheckPart, Report, ServicePart
from simulator.report.verdict.part import CausePart, ServiceVerdictPart, WhatIfPart
from simulator.scenario.scenario import ScenarioSpec
from simulator.sdk.scenario import Scenario

NOTES_MAX: Final = 20


class RunArguments(ScenarioArguments):
    """A run of a scenario."""

    policy: str | None = None
    """A scaling policy in place of that of every service; `list_scenarios` has the names."""


class CheckOutcome(ToolOutput):
    """A check of the scenario."""

    check: str
    passed: bool | None
    """Null: the run was not judged."""
    measured: str


class ServiceFigures(ToolOutput):
    """A service of a run. Times are in seconds; rates are 0 to 1."""

    service: str
    policy: str
    max_concurrency: int
    min_size: int
    max_size: int
    requests: int
    rejected: int
    failed: int
    error_rate: float | None
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    instances_mean: float
    instances_max: int
    started: int
    """Instances started during the run."""
    month_usd: float


class RunOutcome(ToolOutput):
    """A run. Counts and latencies are those of requests after the warm-up; latencies are those of served requests."""

    scenario: str
    seed: int
    duration_s: float
    verdict: str
    """What happened to which requests, and why. The tool `verdict` also says what would have changed it."""
    requests: int
    served: int
    rejected: int
    """Answered 429, because no instance had a free slot."""
    failed: int
    """Answered 5xx, or not at all."""
    error_rate: float | None
    served_rps: float | None
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    month_usd: float
    """Cost per month of all services at this traffic, without the free tier."""
    month_rests_on: str
    services: list[ServiceFigures]
    checks: list[CheckOutcome]
    notes: list[str]
    """Notes to read before the figures."""


class VerdictArguments(RunArguments):
    """A run whose losses are to be explained."""

    what_ifs: int | None = Field(default=None, ge=0, le=PLAYS_MAX)
    """How often to play the scenario again with a changed setting; default: as often as takes some seconds."""


class CauseOutcome(ToolOutput):
    """Why requests were lost or slow."""

    kind: str
    outcome: Literal["rejected", "failed", "slow"]
    requests: int
    begin_s: float
    end_s: float
    because: str
    """The evidence, as a clause that follows "because"."""


class PlayedChange(ToolOutput):
    """The same run, played with one change."""

    change: str
    errors: int
    """Rejected and failed requests with the change."""
    error_rate: float | None
    p95_s: float | None
    month_usd: float
    month_usd_more: float
    """Cost of a month above that of the run; negative if it is cheaper."""
    is_enough: bool
    """True if the change prevents at least 99 % of the loss that settings can prevent."""


class ServiceVerdict(ToolOutput):
    """The verdict about a service."""

    service: str
    text: str
    lost: int
    """Rejected and failed requests."""
    errors: dict[str, int]
    """Failed requests by kind: 429, another status, or `no answer`."""
    causes: list[CauseOutcome]
    changes: list[PlayedChange]
    """The changes that were played, the proposed one first."""


class VerdictOutcome(ToolOutput):
    """What happened, why, and what would have changed it."""

    text: str
    services: list[ServiceVerdict]
    not_played: str
    """Why no change was played; empty if none was needed or some were."""


class WhyArguments(RunArguments):
    """A moment of a run."""

    at: str | None = None
    """A moment of the run: 12:03:06, 03:06 or 90s. Default: the whole run, which explains its losses."""
    service: str | None = None
    """Only this service; default: all."""


class WhyOutcome(ToolOutput):
    """The explanation."""

    sentences: list[str]


def _played(given: RunArguments, context: ToolContext) -> tuple[Scenario, ScenarioSpec, Report]:
    """Return the scenario, the scenario as it is played, and its report."""
    scenario = context.workspace.scenario(given.scenario, given.changes)
    context.workspace.require_policies([given.policy or ""], "policy")
    checked = scenario.checked if given.seed is None else scenario.checked.with_seed(operator.index(given.seed))
    checked = checked if given.policy is None else checked.with_policy(given.policy)
    return scenario, checked, context.reports.report(scenario, checked, context.tell)


def run_scenario(given: RunArguments, context: ToolContext) -> RunOutcome:
    """Play the scenario once."""
    _, checked, report = _played(given, context)
    row = figures(report)
    requests = report.requests
    notes = [*checked.recording_notes(), *(f"{note.kind}: {note.service}: {note.text}" for note in report.notes)]
    return RunOutcome(
        scenario=report.scenario.name,
        seed=report.run.seed,
        duration_s=report.run.duration_s,
        verdict=report.verdict.text if report.verdict is not None else "",
        requests=requests.requests,
        served=requests.served,
        rejected=requests.rejected,
        failed=requests.failed,
        error_rate=requests.error_rate,
        served_rps=requests.served_rps,
        p50_s=requests.latency.p50_s,
        p95_s=requests.latency.p95_s,
        p99_s=requests.latency.p99_s,
        month_usd=report.month_usd,
        month_rests_on=str(row["month_rests_on"]),
        services=[_service(part) for part in report.services],
        checks=[_check(check, is_judged=report.run.complete) for check in report.checks],
        notes=notes[:NOTES_MAX],
    )


def _service(part: ServicePart) -> ServiceFigures:
    requests = part.requests
    return ServiceFigures(
        service=part.name,
        policy=part.policy,
        max_concurrency=part.max_concurrency,
        min_size=part.min_size,
        max_size=part.max_size,
        requests=requests.requests,
        rejected=requests.rejected,
        failed=requests.failed,
        error_rate=requests.error_rate,
        p50_s=requests.latency.p50_s,
        p95_s=requests.latency.p95_s,
        p99_s=requests.latency.p99_s,
        instances_mean=part.instances.ready_mean,
        instances_max=part.instances.ready_max,
        started=part.instances.started,
        month_usd=part.cost.month.usd,
    )


def _check(check: CheckPart, *, is_judged: bool) -> CheckOutcome:
    measured = check.reason if check.value is None else quantity_text(check.value, check.unit)
    return CheckOutcome(check=check.text, passed=check.passed if is_judged else None, measured=measured)


def verdict(given: VerdictArguments, context: ToolContext) -> VerdictOutcome:
    """Play the scenario, explain its losses, and play it again with changes that would have prevented them."""
    _, checked, report = _played(given, context)
    rounds = PLAYS_MAX if given.what_ifs is None else given.what_ifs
    played = 0

    def on_play(change: str) -> None:
        nonlocal played
        context.tell(played, rounds, f"playing again with {change}")
        played += 1

    part = with_played_changes(report, checked, given.what_ifs, on_play=on_play).verdict
    assert part is not None, "every run has a verdict"
    return VerdictOutcome(
        text=part.text, services=[_verdict(each) for each in part.services], not_played=part.not_played
    )


def _verdict(part: ServiceVerdictPart) -> ServiceVerdict:
    return ServiceVerdict(
        service=part.service,
        text=part.text,
        lost=part.lost,
        errors={series.kind: series.requests for series in part.errors},
        causes=[_cause(cause) for cause in part.causes],
        changes=[_change(what_if) for what_if in part.what_ifs],
    )


def _cause(cause: CausePart) -> CauseOutcome:
    return CauseOutcome(
        kind=cause.kind,
        outcome=cause.outcome,
        requests=cause.requests,
        begin_s=cause.begin_s,
        end_s=cause.end_s,
        because=cause.text,
    )


def _change(what_if: WhatIfPart) -> PlayedChange:
    return PlayedChange(**what_if.model_dump(include=set(PlayedChange.model_fields)))


def explain(given: WhyArguments, context: ToolContext) -> WhyOutcome:
    """Play the scenario, or take the report of that run, and explain the moment."""
    _, _, report = _played(given, context)
    if given.at is None:
        return WhyOutcome(sentences=verdict_lines(report, given.service))
    at_s = parse_moment(given.at)
    return WhyOutcome(sentences=[*why(report, at_s, given.service), *losses_at(report, at_s, given.service)])


RUN: Final = AgentTool(
    "run",
    "Run a scenario",
    "Play a scenario once in virtual time and return its figures: requests, errors, latency, instances, cost, checks. "
    "A day of traffic takes seconds. Use it to see how a setting behaves.",
    RunArguments,
    RunOutcome,
    run_scenario,
)
VERDICT: Final = AgentTool(
    "verdict",
    "Why requests were lost, and what would have prevented it",
    "Play a scenario and say which requests were rejected, failed or slow, when, and why; then play it again with "
    "changed settings and say which change would have prevented the loss, and what it costs per month.",
    VerdictArguments,
    VerdictOutcome,
    verdict,
)
WHY: Final = AgentTool(
    "why",
    "Explain a scaling decision",
    "Explain the number of instances at a moment of a run: what the policy saw, computed, clamped and decided. Without "
    "a moment: the causes of the losses of the run.",
    WhyArguments,
    WhyOutcome,
    explain,
)
