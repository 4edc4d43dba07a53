"""The tool that finds the setting that holds an SLO at the lowest cost."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from simulator.lab.tune.result import AdversePart, DifferencePart, KnobPart, SettingPart, SloPricePart
from simulator.mcp.tools.tool import (
    AgentTool,
    Names,
    ScenarioArguments,
    ToolContext,
    ToolOutput,
    decoded,
)
from simulator.sdk.progress import BatchStep
from simulator.sdk.scenario import Scenario
from simulator.sdk.tuning import TuningResult

RUNS_MAX: Final = 5000
FILES_MAX: Final = 14
ROWS_MAX: Final = 12


class TuneArguments(ScenarioArguments):
    """What must hold, and what may vary."""

    slo: str
    """What must hold, joined by commas: `p95 < 300 ms, error_rate < 0.1 %`. The metrics are those of checks."""
    vary: Names = Field(default=[])
    """What varies, in the words of `simulator sweep --vary`: ["max_concurrency=10,20,50", "min_size=1..10",
    "size=1 vCPU/2 GB,2 vCPU/4 GB", "policy=app-runner,knative"]. Default: MaxConcurrency, MinSize, MaxSize and size
    around the scenario's own.
    """
    minimise: str = "usd"
    """What to minimise: usd (the cost of a month), or a metric such as usd_per_million, mean_instances or p95."""
    days: Names = Field(default=[], max_length=FILES_MAX)
    """Further scenarios to choose on, such as other days."""
    judge: Names = Field(default=[], max_length=FILES_MAX)
    """Scenarios to judge the choice on, which did not choose it; default: other seeds."""
    withstand: Annotated[list[Literal["traffic", "bursts", "starts"]], BeforeValidator(decoded)] = Field(default=[])
    """Adverse conditions that it must hold under as well: traffic (1.3 x), bursts (at another time), starts (50 %
    longer). Without them the conditions are played and reported only.
    """
    runs: int | None = Field(default=None, ge=10, le=RUNS_MAX)
    """How many runs may choose, at most; default: by the number of settings, 400 to 2,000."""


class TuningOutcome(ToolOutput):
    """What to set, how sure that is, and what it costs. Times are in seconds, rates 0 to 1, costs in USD per month."""

    answer: str
    """The result in one or two sentences. Begin with it."""
    guarantee: str
    """How sure that is."""
    choice: SettingPart | None
    """The best setting that holds the SLO on the days that judge; null if none holds: then recommend none."""
    nearest: SettingPart | None
    """If none holds: the setting that comes nearest."""
    runner_up: SettingPart | None
    difference: DifferencePart | None
    """How much more the runner-up costs."""
    today: SettingPart | None
    """The scenario's own setting."""
    front: list[SettingPart]
    """Settings that no other beats in both cost and latency."""
    prices: list[SloPricePart]
    """The cheapest setting for stricter and looser limits of the SLO."""
    knobs: list[KnobPart]
    """What varies, what matters most first."""
    failing_neighbours: list[str]
    """Settings one step from the choice that fail, with the reason."""
    adverse: list[AdversePart]
    """The choice under conditions that it was not chosen for."""
    apply: str
    """Commands and files that give the service the choice (AWS CLI, Terraform, CloudFormation), as Markdown."""
    runs: int
    notes: list[str]


def tune(given: TuneArguments, context: ToolContext) -> TuningOutcome:
    """Play the settings."""
    workspace = context.workspace
    scenario = workspace.scenario(given.scenario, given.changes)
    if given.seed is not None:
        scenario = scenario.change(seed=given.seed)

    def tell(step: BatchStep) -> None:
        context.tell(step.done, max(step.total, step.done), str(step))

    result = scenario.tune(
        given.slo,
        given.vary,
        minimise=given.minimise,
        days=[workspace.scenario(name, given.changes) for name in given.days],
        judge=[workspace.scenario(name, given.changes) for name in given.judge],
        withstand=given.withstand,
        runs=given.runs,
        workers=workspace.settings.workers,
        progress=tell,
    )
    data = result.data
    return TuningOutcome(
        answer=data.answer,
        guarantee=data.guarantee.text,
        choice=data.choice,
        nearest=data.nearest,
        runner_up=data.runner_up,
        difference=data.difference,
        today=data.today,
        front=data.front[:ROWS_MAX],
        prices=data.prices[:ROWS_MAX],
        knobs=data.knobs,
        failing_neighbours=data.failing_neighbours[:ROWS_MAX],
        adverse=data.adverse,
        apply=_apply(result),
        runs=data.played.runs,
        notes=data.notes[:ROWS_MAX],
    )


def _apply(result: TuningResult[Scenario]) -> str:
    return "" if result.choice is None else result.apply()


TUNE: Final = AgentTool(
    "tune",
    "Find the cheapest setting that holds an SLO",
    "Search the settings of a service for the cheapest one that holds an SLO: MaxConcurrency, MinSize, MaxSize, size, "
    "policy. Returns the choice with its guarantee, the runner-up, the price of a stricter SLO, the setting that "
    "matters, the neighbours that fail, and the commands that apply the choice. It takes tens of seconds to minutes.",
    TuneArguments,
    TuningOutcome,
    tune,
)
