"""The report's part about assumptions for a terminal, readable at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from simulator.console.report.tables import new_table
from simulator.model.text.quantities import Unit, digits_text, quantity_text
from simulator.report.assumptions import AssumptionPart, AssumptionsPart, HeadlinePart

_HEADINGS: Final[dict[str, tuple[str, Unit]]] = {
    "error_rate": ("error rate", "ratio"),
    "latency_p95_s": ("p95", "s"),
    "month_usd": ("USD/month", "usd"),
    "instance_hours": ("instance-h", "hours"),
}


def assumptions_table(part: AssumptionsPart) -> Table:
    """Return the table: the run as it is, its noise, and the changes by each assumption that exceeds the noise."""
    table = new_table("assumption", *(heading for heading, _ in _HEADINGS.values()), numbers_from=1)
    table.add_row(Text(f"as assumed, seed {part.seeds[0]}"), *_cells(part.base))
    table.add_row(Text(f"noise of {len(part.seeds)} seeds"), *_cells(part.noise), end_section=True)
    for number, each in enumerate(_beyond_noise(part), 1):
        table.add_row(Text(f"{number}. {each.setting} = {each.value}", style="bold"))
        for move in each.moves:
            cells = ["failed"] if move.change is None else _cells(move.change, signed=True)
            table.add_row(Text(f"   {move.value}"), *cells)
    return table


def assumptions_lines(part: AssumptionsPart) -> list[str]:
    """Return the sentences below the table: what each assumption is, and what was not moved."""
    lines, shown = [], _beyond_noise(part)
    for number, each in enumerate(shown, 1):
        times = digits_text(each.effect)
        lines.append(f"{number}. {each.sentence} Range: {each.why} ({each.where[0]}). Up to {times} times the noise.")
        lines += [f"   With {move.value} the run failed: {move.error}" for move in each.moves if move.error]
    if within := [each for each in part.ranked if each not in shown]:
        named = ", ".join(f"{each.setting} ({' to '.join(_range(each))})" for each in within)
        lines.append(f"Within noise: {named}.")
    if not part.ranked:
        lines.append("This run depends on no assumption that a setting moves.")
    if part.set_in_file:
        named = ", ".join(f"{each.setting} = {each.value}" for each in part.set_in_file)
        lines.append(f"Set in the file, so not moved: {named}.")
    lines += [f"Cannot be moved: {each.why} ({each.where})." for each in part.unmoved]
    return lines


def _beyond_noise(part: AssumptionsPart) -> list[AssumptionPart]:
    """Return the ranked assumptions of the table. A failed run is shown too."""
    return [each for each in part.ranked if not each.within_noise or any(move.error for move in each.moves)]


def _range(each: AssumptionPart) -> Sequence[str]:
    """Return the values with which the run was played, the assumed one included."""
    moved = [move.value for move in each.moves]
    return moved if len(moved) > 1 else [each.value, *moved]


def _cells(figures: HeadlinePart, *, signed: bool = False) -> list[str]:
    return [quantity_text(getattr(figures, name), unit, signed=signed) for name, (_, unit) in _HEADINGS.items()]
