"""`simulator policies`: the list of policies, and a template for a policy of one's own."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

import typer

from simulator.cli.exit_codes import bad_input
from simulator.cli.outputs import written
from simulator.cli.printing import echo
from simulator.rules.platforms.presets import PLATFORMS
from simulator.rules.policies.registry import POLICIES

policies = typer.Typer(help="List the scaling policies and platforms, or write a template for a policy of your own.")


@policies.callback(invoke_without_command=True)
def _list(context: typer.Context) -> None:
    """List the scaling policies and the platforms."""
    if context.invoked_subcommand is not None:
        return
    width = max(map(len, (*POLICIES, *PLATFORMS)))
    echo("policies (--policy NAME):")
    for kind in POLICIES.values():
        echo(f"  {kind.name:<{width}}  {kind.summary}")
    echo("\nplatforms (compare --platform NAME):")
    for preset in PLATFORMS.values():
        echo(f"  {preset.name:<{width}}  {preset.summary}")
        echo(f"  {'':<{width}}  prices: {preset.prices.region}, {preset.prices.as_of}, {preset.prices.source}")
    echo("\nWrite your own: `simulator policies template my.py`, then `--policy my.py:MyPolicy`.")


@policies.command()
def template(
    file: Path | None = typer.Argument(None, metavar="[F.py]", help="Output file; default: standard output."),
) -> None:
    """Write a template for your own policy."""
    text = files("simulator.lab").joinpath("policy_template.py").read_text(encoding="utf-8")
    if file is None:
        typer.echo(text, nl=False)
        return
    if os.path.lexists(file):
        bad_input(f"file = {str(file)!r}, must not exist yet")
    with written("file", file) as out:
        out.write(text)
    echo(f"written; try: simulator compare first-look --policy configured --policy {file}:MyPolicy")
