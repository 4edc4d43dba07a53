"""The options of `simulator compare`, in groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer

from simulator.cli.front.name_completion import candidate_names, platform_names
from simulator.cli.lab.lab_options import EXPORTS, RUNS, RUNS_VERBOSE_HELP
from simulator.cli.options import RESULT_ONLY_HELP
from simulator.lab.answer.alternatives import OBJECTIVES
from simulator.lab.answer.alternatives import SCORE as COMPARE_OBJECTIVE
from simulator.lab.backend_names import AUTO, BACKEND_NAMES
from simulator.lab.compare.compare import SEEDS_DEFAULT
from simulator.lab.compare.figures import MISS_USD
from simulator.lab.compare.guard import TOLERANCE
from simulator.rules.platforms.presets import PLATFORMS
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.on_policy_error import OnPolicyError

SCORE: Final = "Score"
FORMER: Final = "Against an earlier comparison"


@dataclass(frozen=True, slots=True)
class CandidateOptions:
    """The candidates and their baseline."""

    policy: Annotated[
        list[str],
        typer.Option(
            autocompletion=candidate_names,
            metavar="NAME",
            help=f"A policy to compare; may be given again: configured (the scenario's, with its parameters), "
            f"FILE.py:CLASS, or one of {', '.join(POLICIES)}.",
        ),
    ] = field(default_factory=list)
    platform: Annotated[
        list[str],
        typer.Option(
            autocompletion=platform_names,
            metavar="NAME",
            help=f"A platform to compare; may be given again: {', '.join(PLATFORMS)}.",
        ),
    ] = field(default_factory=list)
    seeds: Annotated[int, typer.Option(min=1, max=10_000, help="Runs of each, with the same random numbers.")] = (
        SEEDS_DEFAULT
    )
    baseline: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Baseline for the difference table; default: the first candidate."),
    ] = None


@dataclass(frozen=True, slots=True)
class ComparisonOutputs:
    """The tables to show, and the files for the comparison."""

    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="F", help="Write the comparison as JSON to F.")
    ] = None
    html: Annotated[
        Path | None, typer.Option(metavar="F.html", help="Write a page with charts: one file, no network.")
    ] = None
    markdown_file: Annotated[
        Path | None, typer.Option("--markdown", metavar="F.md", help="Write the answer as Markdown to F.md.")
    ] = None
    open_page: Annotated[bool, typer.Option("--open", help="Open the page of --html in the browser.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=RESULT_ONLY_HELP)] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help=RUNS_VERBOSE_HELP)] = False
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", metavar="F.csv", help="Write a row for every run to F.csv.", rich_help_panel=EXPORTS),
    ] = None
    parquet: Annotated[
        Path | None,
        typer.Option(metavar="F.parquet", help="Write the same rows as Parquet.", rich_help_panel=EXPORTS),
    ] = None


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """The components of the score."""

    slo: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Slower requests miss the SLO, such as 500ms; default: 5 x an undisturbed request.",
            rich_help_panel=SCORE,
        ),
    ] = None
    objective: Annotated[
        str,
        typer.Option(
            metavar="FIGURE",
            help=f"What the best candidate has lowest: {', '.join(OBJECTIVES)}.",
            rich_help_panel=SCORE,
        ),
    ] = COMPARE_OBJECTIVE.name
    miss_usd: Annotated[
        float,
        typer.Option(min=0, help="Cost in the score of a request that misses the SLO.", rich_help_panel=SCORE),
    ] = MISS_USD
    prices: Annotated[
        Path | None,
        typer.Option(metavar="F.yaml", help="Prices of your own, by platform and item.", rich_help_panel=SCORE),
    ] = None


@dataclass(frozen=True, slots=True)
class CompareRunOptions:
    """Settings of the runs."""

    backend: Annotated[
        str, typer.Option(help=f"Engine of the runs: {', '.join(BACKEND_NAMES)}.", rich_help_panel=RUNS)
    ] = AUTO
    oracle: Annotated[
        bool, typer.Option(help="Also run the oracle, the reference for regret.", rich_help_panel=RUNS)
    ] = True
    on_policy_error: Annotated[
        OnPolicyError,
        typer.Option(
            help="When a policy of your own fails: stop that run, or keep the last desired count.",
            rich_help_panel=RUNS,
        ),
    ] = OnPolicyError.STOP


@dataclass(frozen=True, slots=True)
class FormerOptions:
    """The earlier comparison to check against."""

    fail_if_worse_than: Annotated[
        Path | None,
        typer.Option(
            metavar="F.json",
            help="An earlier --json: exit 1 when latency, error rate, misses or cost are worse, or something is "
            "missing.",
            rich_help_panel=FORMER,
        ),
    ] = None
    tolerance: Annotated[
        float,
        typer.Option(min=0, help="By how much of its value a figure may be worse.", rich_help_panel=FORMER),
    ] = TOLERANCE
    allow_missing: Annotated[
        bool,
        typer.Option(
            "--allow-missing",
            help="Candidates, cases and seeds of the earlier --json may be missing.",
            rich_help_panel=FORMER,
        ),
    ] = False
