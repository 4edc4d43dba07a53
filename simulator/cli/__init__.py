"""The command line, with one file per verb. The only package that reads argv and the environment.

Exit codes: 0 success and every check passes, 1 a check failed, 2 bad input, 3 the simulator itself failed, 130
interrupted. `ending.py` maps every exception that leaves a verb to its exit code.
"""

from __future__ import annotations

import gc
import os

import typer

import simulator
from simulator.cli.commands import CommandGroup
from simulator.cli.printing import guarded

PUBLIC_MODULES = ()

EPILOG = """Examples:
$ simulator run first-look
$ simulator serve

Variables: SIMULATOR_RUN_SEED=3 is `run --seed 3`, and so on for every option.
SIMULATOR_STATE, _ENGINE, _BACKEND, _WORKERS, _QUIET and _VERBOSE hold for all
verbs.
SIMULATOR_DEBUG=1 prints the traceback of a failure.

Exit codes: 0 every check passes, 1 a check failed, 2 bad input,
3 internal error, 130 interrupted.

Terms: docs/reference/glossary.md"""

app = typer.Typer(
    name="simulator",
    cls=CommandGroup,
    help="A platform simulator of AWS App Runner: real sockets or virtual time, the same code.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"simulator {simulator.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Process the options of the program itself, which precede the verb."""
    del version
    context.with_resource(guarded())  # until the verb has ended, in tests too


def main() -> None:
    """Run the program.

    Garbage collection at the interpreter's exit would take a tenth of a run, so it is left without objects to visit.
    Loading of pydantic plugins is disabled, because pydantic would search the metadata of all installed packages.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # noqa: TID251 cli is the reader of the environment
    try:
        with guarded():
            app()
    finally:
        gc.freeze()
