"""The laboratory's tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

import typer
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from simulator.cli.terminal import Terminal
from simulator.lab.tables import Cell, Table
from simulator.replay.policy_fit import NoteKind, PolicyNote

# What a table of six figures with their spreads takes; a file or a pipe has no width of its own.
WIDTH_IN_A_PIPE = 120


def wide_console() -> Console:
    """Standard output, wide enough where nobody looks at a terminal."""
    console = Terminal()
    return console if console.is_terminal else Terminal(width=WIDTH_IN_A_PIPE)


def print_table(table: Table, console: Console) -> None:
    """The best of each column is bold; spreads are dim."""
    shown = RichTable(title=table.title, title_justify="left", pad_edge=False, box=None, header_style="bold dim")
    shown.add_column("")
    for heading in table.headings:
        shown.add_column(heading, justify="right", no_wrap=True)
    for name, cells in table.rows:
        shown.add_row(name, *(_text(cell) for cell in cells))
    console.print(shown)
    console.print()


def tell_notes(notes: Iterable[PolicyNote]) -> None:
    """What has to be known before the figures, each once, on standard error."""
    texts = {
        f"{'warning: ' if note.kind is NoteKind.CANNOT_ACT else ''}{note.service}: {note.text}": None for note in notes
    }
    for text in texts:
        typer.echo(text, err=True)


def _text(cell: Cell) -> Text:
    text = Text(cell.text, style="bold green" if cell.is_best else "")
    return text.append(f" {cell.spread}", style="dim") if cell.spread else text
