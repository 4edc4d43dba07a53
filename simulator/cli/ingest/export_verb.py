"""`simulator export`: writes the load of a scenario as a script of k6."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import typer

from simulator.cli.exit_codes import bad_input
from simulator.cli.outputs import Outputs
from simulator.cli.printing import echo
from simulator.cli.scenarios.scenario_file import loaded, scenario_names, scenario_path
from simulator.model.text.problems import one_of
from simulator.scenario.problems import ScenarioError
from simulator.traffic.export.k6 import k6_script

TOOLS: Final = ("k6",)


def export_verb(
    scenario: str = typer.Argument(
        metavar="SCENARIO", help="A scenario file, or the name of a shipped scenario.", autocompletion=scenario_names
    ),
    to: str = typer.Option("k6", "--to", metavar="TOOL", help=f"The load-testing tool: {', '.join(TOOLS)}."),
    out: Path | None = typer.Option(
        None, "--out", metavar="F", help="Write the script to F (default: standard output)."
    ),
) -> None:
    """Write the load of a scenario as a script of another tool.

    What the tool does otherwise than the scenario is printed on standard error.
    """
    if to not in TOOLS:
        bad_input(f"--to = {to!r}, must be {one_of(to, TOOLS)}")
    try:
        spec = loaded(scenario_path(scenario))
        script = None if not spec.traffic else k6_script(spec)
    except ScenarioError as error:
        bad_input(str(error))
    if script is None:
        bad_input(f"{scenario} has no traffic to export")
    if out is None:
        sys.stdout.write(script.text)
    else:
        with Outputs() as outputs:
            outputs.protect(spec.files)
            stream = outputs.text("--out", out)
            assert stream is not None
            stream.write(script.text)
            outputs.commit()
    for note in script.notes:
        echo(f"note: {note}", err=True)
