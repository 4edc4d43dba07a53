"""`simulator schema`: prints the JSON Schemas of inputs and outputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Any, Final

import typer

from simulator.builds.config.file import config_schema
from simulator.cli.platform.serve_config import ServeConfig
from simulator.report.schema import report_schema
from simulator.scenario.schema import scenario_schema, schema_for_editors


class SchemaKind(StrEnum):
    SCENARIO = "scenario"
    REPORT = "report"
    SERVE = "serve"
    APPRUNNER = "apprunner"


def schema(
    kind: SchemaKind = typer.Argument(
        SchemaKind.SCENARIO, help="Schema of scenario files, reports, the configuration of `serve`, or apprunner.yaml."
    ),
) -> None:
    """Print the JSON Schema of scenario files and configurations (for editors) or of reports."""
    typer.echo(json.dumps(_SCHEMAS[kind](), indent=2))


_SCHEMAS: Final[Mapping[SchemaKind, Callable[[], dict[str, Any]]]] = {
    SchemaKind.SCENARIO: scenario_schema,
    SchemaKind.REPORT: report_schema,
    SchemaKind.SERVE: partial(schema_for_editors, ServeConfig),
    SchemaKind.APPRUNNER: config_schema,
}
