"""The page of a comparison: self-contained, complete and safe."""

from __future__ import annotations

import json
import re

from simulator.lab.compare.comparison import Comparison, FailurePart
from simulator.lab.compare.page.html import comparison_html, comparison_page
from simulator.lab.compare.tables import main_tables
from simulator.lab.page.blocks import AnswerBlock, NotesBlock, TableBlock
from tests.lab.compare.comparisons import crowd

PAGE_BYTES_MAX = 3_000_000


def test_the_page_is_one_small_file_that_is_the_same_for_the_same_comparison(comparison: Comparison) -> None:
    page = comparison_html(crowd(comparison))
    assert len(page.encode()) < PAGE_BYTES_MAX
    assert page == comparison_html(crowd(comparison))


def test_the_page_has_every_number_of_the_tables_with_the_value_to_sort_by(comparison: Comparison) -> None:
    case = comparison.cases[0]
    blocks = {
        block.title: block for block in comparison_page(comparison).sections[0].blocks if isinstance(block, TableBlock)
    }
    for table in main_tables(case):
        block = blocks[table.title]
        assert [row.name for row in block.rows] == [name for name, _ in table.rows]
        for row, (_, cells) in zip(block.rows, table.rows, strict=True):
            assert [(cell.text, cell.spread) for cell in row.cells] == [(cell.text, cell.spread) for cell in cells]
            assert all(cell.value is not None or cell.text == "-" for cell in row.cells)
    assert "cloud.google.com/run/pricing" in comparison_html(comparison)


def test_the_answer_is_first_then_warnings_and_other_notes_are_last(comparison: Comparison) -> None:
    notes = ["Warning: this matters", "this is beside the point"]
    cases = [case.model_copy(update={"notes": notes}) for case in comparison.cases]
    blocks = comparison_page(comparison.model_copy(update={"cases": cases})).sections[0].blocks
    first, second = blocks[:2]
    assert isinstance(first, AnswerBlock)
    assert comparison.cases[0].answer is not None
    assert first.headline == comparison.cases[0].answer.headline
    assert second == NotesBlock(["Warning: this matters."], is_warning=True)
    assert blocks[-1] == NotesBlock(["this is beside the point."], "Notes")


def test_every_row_and_point_belongs_to_a_series_that_can_be_hidden(comparison: Comparison) -> None:
    document = json.loads(re.findall(r'id="page">(.*?)</script>', comparison_html(crowd(comparison)), re.DOTALL)[0])
    names = {series["name"] for series in document["series"]}
    blocks = [block for section in document["sections"] for block in section["blocks"]]
    used = {
        one["series"] for block in blocks for key in ("points", "curves", "ranking") for one in block.get(key, [])
    } | {row["series"] for block in blocks if block["kind"] == "table" for row in block["rows"]}
    assert used <= names | {None}
    assert len(names) > 30


def test_runs_that_failed_are_named_before_the_cases(comparison: Comparison) -> None:
    failure = FailurePart(scenario="step", candidate="mine", seed=3, error="<b>broken</b>")
    page = comparison_page(comparison.model_copy(update={"failures": [failure]}))
    (block,) = page.sections[0].blocks
    assert isinstance(block, NotesBlock)
    assert block.texts[1] == "mine on step, seed 3: <b>broken</b>"
