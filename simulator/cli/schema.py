"""`simulator schema`: the JSON Schemas of what goes in and what comes out."""

from __future__ import annotations

import json
from enum import StrEnum

import typer

from simulator.replay.report_schema import report_schema
from simulator.replay.schema import scenario_schema


class Kind(StrEnum):
    SCENARIO = "scenario"
    REPORT = "report"


def schema(kind: Kind = typer.Argument(Kind.SCENARIO, help="Of a scenario file, or of a report.")) -> None:
    """Print the JSON Schema of scenario files (for editors) or of reports."""
    typer.echo(json.dumps(scenario_schema() if kind is Kind.SCENARIO else report_schema(), indent=2))
