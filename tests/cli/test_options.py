"""Groups of options: Typer gets the fields, the verb gets the groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import typer
from typer.testing import CliRunner

from simulator.cli.options import grouped


@dataclass(frozen=True, slots=True)
class Sizes:
    """Two sizes and some names."""

    least: Annotated[int, typer.Option("--min", min=0, help="The smallest.", rich_help_panel="Sizes")] = 1
    most: Annotated[int | None, typer.Option(help="The largest.", rich_help_panel="Sizes")] = None
    name: Annotated[list[str], typer.Option(help="May be given again.")] = field(default_factory=list)


@grouped
def resize(service: str, sizes: Sizes, dry: Annotated[bool, typer.Option("--dry", help="Only tell.")] = False) -> None:
    """Resize a service."""
    typer.echo(f"{service} {sizes} {dry}")


def output(*arguments: str) -> str:
    app = typer.Typer()
    app.command()(resize)
    return CliRunner().invoke(app, arguments).output


def test_fields_are_options_and_the_verb_gets_the_group() -> None:
    assert output("shop") == f"shop {Sizes()} False\n"
    assert output("shop", "--min", "2", "--most", "5", "--name", "a", "--name", "b", "--dry") == (
        f"shop {Sizes(2, 5, ['a', 'b'])} True\n"
    )


def test_help_has_the_options_of_a_group_in_their_panel() -> None:
    shown = output("--help")
    assert "Resize a service." in shown
    assert shown.index("─ Options ─") < shown.index("─ Sizes ─") < shown.index("The smallest.")
    assert "sizes" not in shown


def test_values_are_checked_as_those_of_other_options() -> None:
    assert "greater than or equal to 0" in output("shop", "--min", "-1")
