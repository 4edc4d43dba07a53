"""The month by item: means of several bills, and the columns that have amounts."""

from __future__ import annotations

from simulator.lab.compare.comparison import ItemPart, RowPart
from simulator.lab.compare.month_table import month_columns, month_items
from simulator.rules.pricing import BillLine


def line(item: str, quantity: float, rate_usd: float) -> BillLine:
    return BillLine(item=item, quantity=quantity, unit="h", rate_usd=rate_usd)


def row(**usd: float) -> RowPart:
    items = [ItemPart(item=item.replace("_", " "), quantity=1, unit="h", rate_usd=1, usd=n) for item, n in usd.items()]
    return RowPart(candidate="a", values={}, estimates={}, differences={}, curve=None, month=items)


def test_an_item_is_the_mean_over_the_runs_and_missing_ones_are_zero() -> None:
    items = month_items([[line("vCPU", 10, 0.5)], [line("vCPU", 20, 0.5), line("requests", 4, 2.0)]])
    assert [(item.item, item.quantity, item.usd) for item in items] == [("vCPU", 15, 7.5), ("requests", 2, 4.0)]


def test_items_are_added_up_by_column_and_empty_columns_are_left_out() -> None:
    rows = [
        row(active_vCPU=3, active_memory=2, provisioned_memory=1, requests=4),
        row(active_vCPU=1, free_tier_of_vCPU=-1),
    ]
    assert month_columns(rows) == {
        "compute": [5, 1],
        "idle": [1, None],
        "requests": [4, None],
        "free tier": [None, -1],
    }
