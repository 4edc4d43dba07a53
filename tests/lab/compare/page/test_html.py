"""The page of a comparison: self-contained, complete and safe."""

from __future__ import annotations

import re

from simulator.lab.compare.comparison import Comparison
from simulator.lab.compare.page.html import comparison_html
from simulator.lab.compare.tables import main_tables

PAGE_BYTES_MAX = 3_000_000


def test_the_page_is_one_file_that_loads_nothing(comparison: Comparison) -> None:
    page = comparison_html(comparison)
    assert len(page.encode()) < PAGE_BYTES_MAX
    fetched = re.findall(r'(?:src|href)\s*=\s*"(?!#)([^"]+)"|url\((?!#)([^)]+)\)|@import|<script', page)
    assert fetched == []
    assert page.count("<svg") == 3  # scores, cost against latency, supply against demand


def test_charts_use_the_colours_of_the_page(comparison: Comparison) -> None:
    page = comparison_html(comparison)
    charts = page[page.index("<svg") :]
    assert "stroke: currentColor" in charts
    assert not [colour for colour in ("#000000", "#404040", "#d1d1d1") if colour in charts]


def test_the_page_has_every_number_of_the_tables(comparison: Comparison) -> None:
    page = comparison_html(comparison)
    for table in main_tables(comparison.cases[0]):
        for name, cells in table.rows:
            assert name in page
            assert all(cell.text in page for cell in cells)
    assert "cloud.google.com/run/pricing" in page


def test_the_same_comparison_gives_the_same_page(comparison: Comparison) -> None:
    assert comparison_html(comparison) == comparison_html(comparison)


def test_markup_in_a_name_is_escaped(comparison: Comparison) -> None:
    document = comparison.model_dump()
    document["cases"][0]["name"] = "<script>alert(1)</script>"
    page = comparison_html(Comparison.model_validate(document))
    assert "<script>" not in page


def test_warnings_come_before_the_charts_and_other_notes_after_the_tables(comparison: Comparison) -> None:
    notes = ["Warning: this matters", "this is beside the point"]
    cases = [case.model_copy(update={"notes": notes}) for case in comparison.cases]
    page = comparison_html(comparison.model_copy(update={"cases": cases}))
    chart, last_table = page.index("cost and latency"), page.rindex("</table>")
    assert page.index("this matters") < chart < last_table < page.index("this is beside the point")
