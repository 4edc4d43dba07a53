"""Tables of a comparison: figures with intervals, marks and failures."""

from __future__ import annotations

import pytest

from simulator.lab.compare.comparison import (
    CasePart,
    Comparison,
    EstimatePart,
)
from simulator.lab.compare.tables import (
    BEST,
    Cell,
    difference_tables,
    failure_lines,
    main_tables,
    marks_of,
    overall_table,
)
from tests.lab.compare.comparisons import crowd, row_of


def test_tables_have_every_candidate_and_mark_the_best_that_is_not_an_oracle(comparison: Comparison) -> None:
    tables = main_tables(comparison.cases[0])
    assert [table.title.split(": ")[1].split(",")[0] for table in tables] == [
        "requests",
        "what it costs",
        "USD per month",
        "how supply follows demand (4 slots",
        "how supply follows demand (4 slots",
    ]
    assert [table.title.rpartition(", ")[2] for table in tables[3:]] == ["rejects; by 5 s)", "queues; by 5 s)"]
    names = [name for name, _ in tables[0].rows]
    assert set(names) == {"configured", "knative", "cloud-run", "oracle", "oracle on cloud-run"}
    best = {name for table in tables for name, cells in table.rows for cell in cells if cell.is_best}
    assert best
    assert not {name for name in best if name.startswith("oracle")}


def test_rows_are_in_the_order_of_the_objective_with_oracles_at_the_end(comparison: Comparison) -> None:
    case = comparison.cases[0]
    rows = [row for row in case.rows if not row.candidate.startswith("oracle")]
    rows.sort(key=lambda row: (bool(row.failing), row.estimates["score"].mean))
    expected = [row.candidate for row in rows]
    table = main_tables(case)[0]
    names = [name for name, _ in table.rows]
    assert names[: len(expected)] == expected != ["configured", "knative", "cloud-run"]
    assert all(name.startswith("oracle") for name in names[-2:])
    assert [name for name, marks in table.marks.items() if BEST in marks] == expected[:1]


def test_differences_leave_out_the_baseline_and_the_oracles_of_platforms(comparison: Comparison) -> None:
    (table,) = difference_tables(comparison.cases[0], "configured")
    assert {name for name, _ in table.rows} == {"knative", "cloud-run", "oracle"}
    assert [name for name, _ in overall_table(comparison).rows][-1] != "oracle on cloud-run"


def test_a_cell_has_its_interval() -> None:
    assert str(Cell("12.3 ms", "±0.4")) == "12.3 ms ±0.4"


@pytest.mark.parametrize(
    ("mean", "low", "high", "text"),
    [
        (0.03048, 0.0, 0.096, "3.05 % -3.05 +6.6"),  # not -3.1: no share is below 0
        (0.0, 0.0, 0.00011, "0 % +0.011"),  # a side of zero length is not written as -0
        (0.3, 0.299987, 0.300013, "30.0 % ±0.0013"),
        (0.3, 0.29999987, 0.30000013, "30.0 % ±0.000013"),  # no exponents in a table
    ],
)
def test_an_interval_stays_within_the_range_of_its_figure(mean: float, low: float, high: float, text: str) -> None:
    case = CasePart(
        name="case",
        scenario="case",
        service="web",
        seeds=[1, 2, 3],
        slo_s=None,
        rows=[row_of("configured", {"error_rate": EstimatePart(mean=mean, low=low, high=high)})],
    )
    (table,) = main_tables(case)
    assert [str(cell) for _, cells in table.rows for cell in cells] == [text]


def test_every_row_of_a_policy_that_cannot_act_is_marked(comparison: Comparison) -> None:
    marks = marks_of(crowd(comparison).cases[0])
    assert marks["candidate-0"] == ("= candidate-1 (cannot act here)", "fails")


def test_candidates_with_equal_failures_are_one_line_and_oracles_are_in_none(comparison: Comparison) -> None:
    crowded = crowd(comparison).cases[0]
    failing = crowded.model_copy(update={"rows": [*crowded.rows, row_of("oracle", {}, failing=["p95 < 1 s"])]})
    (line,) = [line for line in failure_lines(failing) if "candidate" in line]
    assert line == f"Fails (error rate 7.25 %): {', '.join(f'candidate-{number}' for number in range(30))}"
    assert not any("oracle" in line for line in failure_lines(failing))


def test_a_bill_without_an_item_has_no_zero_for_it(comparison: Comparison) -> None:
    case = comparison.cases[0]
    table = next(table for table in main_tables(case) if "USD per month" in table.title)
    place = table.headings.index("requests")
    cells = {name: row[place].text for name, row in table.rows}
    assert cells["configured"] == "-"
    assert float(cells["cloud-run"].replace(",", "").removeprefix("$")) > 0
