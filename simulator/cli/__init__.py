"""The command line: one file a verb. The only room that reads argv and the environment.

Exit codes: 0 all well and every check holds, 1 a check failed, 2 bad input, 3 the run itself broke, 130 interrupted.
"""

from __future__ import annotations

import typer

import simulator
from simulator.cli.ca import ca
from simulator.cli.compare import compare_verb
from simulator.cli.policies import policies
from simulator.cli.run import run
from simulator.cli.scenarios import scenarios
from simulator.cli.schema import schema
from simulator.cli.shadow import shadow_verb
from simulator.cli.sweep import sweep
from simulator.cli.validate import validate_verb
from simulator.cli.why import why_verb

app = typer.Typer(
    name="simulator",
    help="A platform simulator of AWS App Runner: real sockets or virtual time, the same code.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run)
app.command()(sweep)
app.command("compare")(compare_verb)
app.command("shadow")(shadow_verb)
app.command("why")(why_verb)
app.command("validate")(validate_verb)
app.add_typer(policies, name="policies")
app.command()(scenarios)
app.command()(schema)
app.command()(ca)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"simulator {simulator.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Options of the program itself."""


def main() -> None:
    """The console script."""
    app()
