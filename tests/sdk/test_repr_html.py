"""Reports and tables as HTML for a notebook cell."""

from __future__ import annotations

import pytest

from simulator.lab.compare.tables import Cell, Table
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.scenario.scenario import read_scenario
from simulator.sdk.repr_html import report_cell, rows_cell, table_cell

TEXT = """
name: <b>shop</b>
duration: 5 min
services: {web: {max_concurrency: 2, max_size: 5, application: {simulated: {io: 1s}}}}
traffic: [{clock: {rate: 5/s}}]
checks: ["p95 < 2s", "error_rate < 0.01 %"]
"""


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report(play(Run(read_scenario(TEXT)), signals=False))


def test_a_report_shows_its_figures_and_verdicts(report: Report) -> None:
    cell = report_cell(report, ["first <note>"])
    assert "&lt;b&gt;shop&lt;/b&gt;" in cell
    assert "<b>shop</b>" not in cell
    assert "<strong>first &lt;note&gt;</strong>" in cell
    assert "1,500 requests" in cell
    assert "<b>failed</b>" in cell
    assert "<script" not in cell


def test_an_interrupted_report_is_not_judged(report: Report) -> None:
    cut = report.model_copy(update={"run": report.run.model_copy(update={"complete": False})})
    cell = report_cell(cut, [])
    assert cell.count("not judged") == 3  # the note, and both checks
    assert "<b>failed</b>" not in cell


def test_a_table_escapes_names_and_marks_the_best() -> None:
    table = Table("t", ("a",), (("<x>", (Cell("1", is_best=True),)),), marks={"<x>": ("= y",)})
    cell = table_cell(table)
    assert "&lt;x&gt;<br>= y" in cell
    assert "<b>1</b>" in cell


def test_headings_are_escaped_and_cells_are_html() -> None:
    assert "<th style='text-align:left'>&lt;h&gt;</th>" in rows_cell(["<h>"], [["<i>c</i>"]])
    assert "<td style='text-align:left'><i>c</i></td>" in rows_cell(["<h>"], [["<i>c</i>"]])


def test_a_report_begins_with_the_verdict(report: Report) -> None:
    assert report.verdict is not None
    cell = report_cell(report, [])
    assert "because new instances took" in report.verdict.text
    assert cell.index(report.verdict.text) < cell.index("1,500 requests,")
