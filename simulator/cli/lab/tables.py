"""The laboratory's tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from simulator.cli.printing import echo
from simulator.cli.terminal import Terminal
from simulator.lab.compare.tables import Cell, Table
from simulator.traffic.policy_fit import NoteKind, PolicyNote

# Width of a table of six figures with their spreads, for files and pipes, which have no width of their own.
WIDTH_IN_A_PIPE = 120
_GAP = 2  # blanks between columns
_MARK = "  "  # before a line below a name


def wide_console() -> Console:
    """Return a console for standard output; wide if that is not a terminal."""
    console = Terminal()
    return console if console.is_terminal else Terminal(width=WIDTH_IN_A_PIPE)


def print_table(table: Table, console: Console) -> None:
    """Print the table, with the best value of each column in bold and spreads dimmed.

    Columns that do not fit continue in further tables, each with the names of the rows.
    """
    title = table.title
    for columns in _portions(table, console.width):
        shown = RichTable(title=title, title_justify="left", pad_edge=False, box=None, header_style="bold dim")
        shown.add_column(table.heading, no_wrap=True, min_width=_names_width(table))
        for place in columns:
            shown.add_column(table.headings[place], justify="right", no_wrap=True)
        for name, cells in table.rows:
            shown.add_row(_name(name, table.marks.get(name, ())), *(_text(cells[place]) for place in columns))
        console.print(shown)
        console.print()
        title = f"{table.title} (continued)"


def _portions(table: Table, width: int) -> list[list[int]]:
    """Split the columns into portions, of at least one column each, that fit next to the names."""
    portions: list[list[int]] = [[]]
    left = width - _names_width(table)
    for place, heading in enumerate(table.headings):
        wide = max([len(heading), *(cell_len(str(cells[place])) for _, cells in table.rows)]) + _GAP
        if portions[-1] and wide > left:
            portions.append([])
            left = width - _names_width(table)
        portions[-1].append(place)
        left -= wide
    return portions


def _names_width(table: Table) -> int:
    names = [name for name, _ in table.rows]
    marks = [_MARK + mark for name in names for mark in table.marks.get(name, ())]
    return max(map(cell_len, [table.heading, *names, *marks]), default=0)


def _name(name: str, marks: Iterable[str]) -> Text:
    text = Text(name)
    for mark in marks:
        text.append(f"\n{_MARK}{mark}", style="dim")
    return text


def tell_notes(notes: Iterable[PolicyNote]) -> None:
    """Print the notes that precede the figures, each once, on standard error."""
    texts = {
        f"{'warning: ' if note.kind is NoteKind.CANNOT_ACT else ''}{note.service}: {note.text}": None for note in notes
    }
    for text in texts:
        echo(text, err=True)


def _text(cell: Cell) -> Text:
    text = Text(cell.text, style="bold green" if cell.is_best else "")
    return text.append(f" {cell.spread}", style="dim") if cell.spread else text
