"""The tool that compares policies and platforms on the same traffic."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from simulator.lab.compare.compare import SEEDS_DEFAULT
from simulator.lab.compare.comparison import CasePart, EstimatePart, RowPart
from simulator.mcp.failure import ToolFailure
from simulator.mcp.tools.tool import (
    CANDIDATES_MAX,
    SEEDS_MAX,
    AgentTool,
    ChangedValues,
    Names,
    ToolArguments,
    ToolContext,
    ToolOutput,
)
from simulator.sdk.comparison import compare as played
from simulator.sdk.progress import BatchStep

# The figures of a comparison that answer most questions; `simulator compare --json` has all.
FIGURES_SHOWN: Final = (
    *("latency_p50_s", "latency_p95_s", "latency_p99_s", "error_rate", "slo_miss_ratio", "cold_start_ratio"),
    *("instance_hours", "month_usd", "month_net_usd", "usd_per_million", "score", "regret"),
)
NOTES_MAX: Final = 20


class CompareArguments(ToolArguments):
    """What to compare. At least one policy or platform; `configured` is the policy of the scenario."""

    scenario: str
    """The name of a shipped scenario, a file below the server's root, or the whole text of a scenario in YAML."""
    changes: ChangedValues = Field(default={})
    """Values to change in every run, by key as in `simulator sweep --vary`."""
    policies: Names = Field(default=[], max_length=CANDIDATES_MAX)
    """Scaling policies: `configured`, or names of `list_scenarios`; `oracle` is the best possible."""
    platforms: Names = Field(default=[], max_length=CANDIDATES_MAX)
    """Platforms with their own prices and starts, such as ecs-express or cloud-run; see `list_scenarios`."""
    baseline: str | None = None
    """The candidate that the differences refer to; default: the first."""
    seeds: int = Field(default=SEEDS_DEFAULT, ge=1, le=SEEDS_MAX)
    """Runs of each candidate, with different random numbers; intervals need three or more."""
    slo: str | None = None
    """A request misses the SLO if it takes longer, such as 500ms; default: five times the time of a lone request."""


class EstimateOutcome(ToolOutput):
    """A mean over the seeds with its 95 % interval; null: too few seeds."""

    mean: float
    low: float | None
    high: float | None


class CandidateOutcome(ToolOutput):
    """A candidate. Times are in seconds, rates 0 to 1, costs in USD."""

    candidate: str
    figures: dict[str, EstimateOutcome]
    differences: dict[str, EstimateOutcome]
    """Its figures minus those of the baseline, seed by seed; a difference is significant if its interval excludes 0."""
    failing: list[str]
    """Its error rate if it is too high, and checks of the scenario that most of its runs fail."""
    cannot_act: str
    """Why no load makes it scale out here; empty if it can."""


class CaseOutcome(ToolOutput):
    """A service of the scenario."""

    name: str
    answer: str
    """Which candidate is best, by how much, and how certain that is. Begin with it; empty if nothing was played."""
    sentences: list[str]
    """A sentence for each other candidate, then how certain all of them are."""
    slo_s: float | None
    candidates: list[CandidateOutcome]
    notes: list[str]


class ComparisonOutcome(ToolOutput):
    """The comparison. Candidates that pass come first, then those with the lower score."""

    baseline: str
    seeds: int
    ranking: list[str]
    cases: list[CaseOutcome]
    failures: list[str]
    notes: list[str]


def compare(given: CompareArguments, context: ToolContext) -> ComparisonOutcome:
    """Play every candidate with every seed."""
    if not given.policies and not given.platforms:
        msg = "policies = empty, must have a policy, or platforms a platform: such as configured, knative, ecs-express"
        raise ToolFailure(msg)
    context.workspace.require_policies(given.policies, "policies")
    scenario = context.workspace.scenario(given.scenario, given.changes)

    def tell(step: BatchStep) -> None:
        context.tell(step.done, step.total, str(step))

    result = played(
        scenario,
        given.policies,
        given.platforms,
        seeds=given.seeds,
        baseline=given.baseline,
        slo=given.slo,
        workers=context.workspace.settings.workers,
        progress=tell,
    )
    data = result.data
    return ComparisonOutcome(
        baseline=data.baseline,
        seeds=given.seeds,
        ranking=[part.candidate for part in data.overall],
        cases=[_case(case) for case in data.cases],
        failures=[f"{part.candidate}, seed {part.seed}: {part.error}" for part in data.failures][:NOTES_MAX],
        notes=result.notes[:NOTES_MAX],
    )


def _case(case: CasePart) -> CaseOutcome:
    return CaseOutcome(
        name=case.name,
        answer="" if case.answer is None else case.answer.headline,
        sentences=[] if case.answer is None else case.answer.sentences,
        slo_s=case.slo_s,
        candidates=[_candidate(row) for row in case.rows],
        notes=case.notes[:NOTES_MAX],
    )


def _candidate(row: RowPart) -> CandidateOutcome:
    return CandidateOutcome(
        candidate=row.candidate,
        figures=_shown(row.estimates),
        differences=_shown(row.differences),
        failing=row.failing,
        cannot_act=row.cannot_act,
    )


def _shown(estimates: dict[str, EstimatePart]) -> dict[str, EstimateOutcome]:
    return {
        name: EstimateOutcome(mean=part.mean, low=part.low, high=part.high)
        for name in FIGURES_SHOWN
        if (part := estimates.get(name)) is not None
    }


COMPARE: Final = AgentTool(
    "compare",
    "Compare policies and platforms",
    "Play scaling policies and platforms on the same traffic with the same random numbers, and return latency, errors "
    "and cost of each with intervals, and the differences from a baseline.",
    CompareArguments,
    ComparisonOutcome,
    compare,
)
