"""The monthly cost by item: the mean of a row's monthly bills, and the columns of a case's table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from simulator.lab.compare.comparison import CasePart, ItemPart, RowPart
from simulator.model.text.quantities import time_text
from simulator.rules.pricing import BillLine

# Columns of the table, in order, with the bill items that each column adds up.
_OTHERS: Final[Mapping[str, Callable[[str], bool]]] = {
    "idle": lambda item: item.startswith("idle ") or item == "provisioned memory",
    "requests": lambda item: item == "requests",
    "balancer": lambda item: item.startswith("load balancer"),
    "IPv4": lambda item: item.startswith("public IPv4"),
    "free tier": lambda item: item.startswith("free "),
}
_COLUMNS: Final[Mapping[str, Callable[[str], bool]]] = {
    "compute": lambda item: not any(known(item) for known in _OTHERS.values()),
    **_OTHERS,
}


def month_items(bills: Sequence[Sequence[BillLine]]) -> list[ItemPart]:
    """Return the mean of the runs' bills, item by item; an item that a run does not have counts as 0."""
    lines = {line.item: line for lines in bills for line in lines}
    quantities = {
        item: math.fsum(line.quantity for lines in bills for line in lines if line.item == item) / len(bills)
        for item in lines
    }
    return [
        ItemPart(
            item=item,
            quantity=quantities[item],
            unit=line.unit,
            rate_usd=line.rate_usd,
            usd=quantities[item] * line.rate_usd,
        )
        for item, line in lines.items()
    ]


def month_title(case: CasePart) -> str:
    played = "the run" if case.duration_s is None else f"these {time_text(case.duration_s)}"
    return f"{case.name}: USD per month, at the traffic of {played}"


def month_columns(rows: Sequence[RowPart]) -> dict[str, list[float | None]]:
    """Map each heading to the USD of every row, None if its bill has no such item.

    Headings without any amount are omitted.
    """
    sums = {heading: [_sum_of(row, holds) for row in rows] for heading, holds in _COLUMNS.items()}
    return {heading: column for heading, column in sums.items() if any(column)}


def _sum_of(row: RowPart, holds: Callable[[str], bool]) -> float | None:
    amounts = [part.usd for part in row.month if holds(part.item)]
    return math.fsum(amounts) if amounts else None
