"""What comes out of a comparison: tables, the page, files, and the verdict against a former one."""

from __future__ import annotations

import csv
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.compare import Plan, compare
from simulator.lab.compare.comparison import (
    CasePart,
    Comparison,
    CurvePart,
    EstimatePart,
    RowPart,
    comparison_json,
    read_comparison,
)
from simulator.lab.compare.guard import held_against
from simulator.lab.compare.notes import equal_rows
from simulator.lab.compare.page.charts import pareto_chart, supply_chart
from simulator.lab.compare.page.html import comparison_html
from simulator.lab.compare.tables import (
    Cell,
    difference_tables,
    failure_lines,
    main_tables,
    marks_of,
    number_text,
    overall_table,
)
from simulator.lab.compare_table_file import write_runs
from tests.lab.compare.compare_scenarios import step

PAGE_BYTES_MAX = 3_000_000


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    candidates = candidates_of(("configured", "knative"), ("cloud-run",), {})
    return compare(Plan([step(tmp_path_factory.mktemp("step"))], candidates, baseline="configured", seeds=3))


def worsened(comparison: Comparison, figure: str, factor: float, seeds: list[int] | None = None) -> Comparison:
    """The same with one figure of one candidate multiplied, in every run."""
    document = comparison.model_dump()
    case = document["cases"][0]
    row = next(row for row in case["rows"] if row["candidate"] == "knative")
    row["values"][figure] = [value * factor for value in row["values"][figure]]
    row["estimates"][figure] = {name: value * factor for name, value in row["estimates"][figure].items()}
    case["seeds"] = seeds or case["seeds"]
    return Comparison.model_validate(document)


# --- tables --------------------------------------------------------------------------------------------------------


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
    assert names == ["configured", "knative", "cloud-run", "oracle", "oracle on cloud-run"]
    best = {name for table in tables for name, cells in table.rows for cell in cells if cell.is_best}
    assert best
    assert not {name for name in best if name.startswith("oracle")}


def test_differences_leave_out_the_baseline_and_the_oracles_of_platforms(comparison: Comparison) -> None:
    (table,) = difference_tables(comparison.cases[0], "configured")
    assert [name for name, _ in table.rows] == ["knative", "cloud-run", "oracle"]
    assert [name for name, _ in overall_table(comparison).rows][-1] != "oracle on cloud-run"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.1234, "s", "123 ms"),
        (12.34, "s", "12.3 s"),
        (0.00123, "ratio", "0.123 %"),
        (1234.5, "usd", "1,234"),
        (None, "usd", "-"),
        (1e-13, "ratio", "0 %"),
    ],
)
def test_numbers_have_three_digits_and_a_unit(value: float | None, unit: str, text: str) -> None:
    assert number_text(value, unit) == text  # type: ignore[arg-type]


def test_a_cell_has_its_interval() -> None:
    assert str(Cell("12.3 ms", "±0.4")) == "12.3 ms ±0.4"


@pytest.mark.parametrize(
    ("mean", "low", "high", "text"),
    [
        (0.03048, 0.0, 0.096, "3.05 % -3.05 +6.6"),  # not -3.1: no share is below 0
        (0.0, 0.0, 0.00011, "0 % +0.011"),  # nothing on a side is not written as -0
        (0.3, 0.299987, 0.300013, "30 % ±0.0013"),
        (0.3, 0.29999987, 0.30000013, "30 % ±0.000013"),  # no exponents in a table
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


def row_of(name: str, estimates: dict[str, EstimatePart], **more: Any) -> RowPart:
    return RowPart(candidate=name, values={}, estimates=estimates, differences={}, curve=None, **more)


def crowd(comparison: Comparison) -> Comparison:
    """With thirty candidates more that fail, two of them equal, one of which cannot act."""
    document = comparison.model_dump()
    case = document["cases"][0]
    first, other = case["rows"][0], comparison.candidates[0].model_dump()
    names = [f"candidate-{number}" for number in range(30)]
    case["rows"] += [
        first | {"candidate": name, "failing": ["error rate 7.25 %"], "cannot_act": "why" * (number == 1)}
        for number, name in enumerate(names)
    ]
    case["equal"] = [names[:2]]
    document["candidates"] += [other | {"label": name} for name in names]
    return Comparison.model_validate(document)


def test_every_row_of_a_policy_that_cannot_act_is_marked(comparison: Comparison) -> None:
    marks = marks_of(crowd(comparison).cases[0])
    assert marks["candidate-0"] == ("= candidate-1 (cannot act here)", "fails")


def test_equal_oracles_are_one_row_and_never_one_with_a_candidate() -> None:
    names = ["configured", "hpa", "oracle", "oracle on app-runner", "oracle as hpa"]
    rows = [row_of(name, {}).model_copy(update={"values": {"run_usd": [1.0, 2.0]}}) for name in names]
    assert equal_rows(rows) == [["configured", "hpa"], ["oracle", "oracle on app-runner"]]


def test_candidates_that_fail_alike_are_one_line_and_oracles_are_in_none(comparison: Comparison) -> None:
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
    assert float(cells["cloud-run"].replace(",", "")) > 0


# --- the page ------------------------------------------------------------------------------------------------------


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


def test_a_legend_of_many_candidates_fits_its_figure(comparison: Comparison) -> None:
    crowded = crowd(comparison)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns when a legend leaves no room
        svg = pareto_chart(crowded.cases[0], crowded)
    box = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', svg)
    assert box is not None
    # matplotlib writes a text's place as its translation or as x and y, by its alignment.
    places = re.findall(r'<text[^>]*?transform="translate\(([0-9.-]+) ([0-9.-]+)\)[^>]*>(candidate-[^<]*)<', svg)
    places += re.findall(r'<text[^>]*? x="([0-9.-]+)" y="([0-9.-]+)"[^>]*>(candidate-[^<]*)<', svg)
    assert len(places) == 29  # two are equal
    assert all(0 < float(x) < float(box[1]) and 0 < float(y) < float(box[2]) for x, y, _ in places)
    assert any(text.startswith("candidate-0 (and 1 equal)") for _, _, text in places)


def test_supply_does_not_fall_to_zero_at_the_ends_of_a_run(comparison: Comparison) -> None:
    case = comparison.cases[0]
    row = row_of("configured", {}).model_copy(update={"curve": CurvePart(width_s=1, demand=[1, 1, 1], ready=[2, 2, 2])})
    svg = supply_chart(case.model_copy(update={"rows": [row]}), comparison)
    line = re.search(r'<path d="([^"]*)"[^>]*style="fill: none; stroke: #0072b2', svg)
    assert line is not None
    assert len({point.split()[-1] for point in line[1].strip().splitlines()}) == 1  # level from end to end


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


# --- files ---------------------------------------------------------------------------------------------------------


def test_the_json_reads_back_as_it_was(comparison: Comparison, tmp_path: Path) -> None:
    file = tmp_path / "comparison.json"
    file.write_text(comparison_json(comparison), encoding="utf-8")
    assert read_comparison(file) == comparison
    file.write_text('{"cases": 1}', encoding="utf-8")
    with pytest.raises(ValueError, match="must be what `simulator compare --json` writes"):
        read_comparison(file)


def test_every_run_is_a_row(comparison: Comparison, tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    write_runs(comparison, file)
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(comparison.cases[0].rows) * 3
    assert [row["seed"] for row in rows[:3]] == ["3", "4", "5"]
    own = comparison.cases[0].rows[0]
    assert [float(row["score"]) for row in rows[:3]] == own.values["score"]


def test_parquet_has_the_same_rows(comparison: Comparison, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "runs.parquet"
    write_runs(comparison, file)
    table = parquet.read_table(file).to_pydict()
    assert table["candidate"][:3] == ["configured"] * 3
    assert table["score"][:3] == comparison.cases[0].rows[0].values["score"]


# --- held against a former one ---------------------------------------------------------------------------------------


def test_the_same_comparison_is_not_worse_than_itself(comparison: Comparison) -> None:
    verdict = held_against(comparison, comparison)
    assert verdict.worse == ()
    assert verdict.compared == len(comparison.cases[0].rows) * 6
    assert verdict.missing == ()


@pytest.mark.parametrize("figure", ["latency_p95_s", "score", "error_rate"])
def test_a_figure_that_became_worse_is_named_with_both_values(comparison: Comparison, figure: str) -> None:
    (worse,) = held_against(worsened(comparison, figure, 1.5), comparison).worse
    assert (worse.candidate, worse.figure) == ("knative", figure)
    assert worse.now == pytest.approx(1.5 * worse.before)
    assert "must not be worse than" in str(worse)


def test_better_and_a_little_worse_are_no_failures(comparison: Comparison) -> None:
    assert held_against(worsened(comparison, "score", 0.5), comparison).worse == ()
    assert held_against(worsened(comparison, "score", 1.005), comparison).worse == ()
    assert held_against(worsened(comparison, "score", 1.005), comparison, tolerance=0.001).worse != ()


def test_other_seeds_are_compared_as_independent_runs(comparison: Comparison) -> None:
    """Chance alone does not fail a build: what is within the spread of the seeds is told only for the same seeds."""
    figure = "score"
    row = next(row for row in comparison.cases[0].rows if row.candidate == "knative")
    high = row.estimates[figure].high
    assert high is not None
    assert high / row.estimates[figure].mean > 1.02
    slightly = worsened(comparison, figure, 1.02)
    assert held_against(slightly, comparison).worse != ()
    assert held_against(worsened(comparison, figure, 1.02, [7, 8, 9]), comparison).worse == ()


@pytest.mark.case("L18")
def test_a_missing_candidate_fails_unless_allowed(comparison: Comparison) -> None:
    document = comparison.model_dump()
    document["cases"][0]["rows"] = document["cases"][0]["rows"][:1]
    verdict = held_against(Comparison.model_validate(document), comparison)
    gone = [row.candidate for row in comparison.cases[0].rows][1:]
    assert verdict.missing == tuple(f"step: {name} is no longer compared" for name in gone)
    assert verdict.failed(allow_missing=False)
    assert not verdict.failed(allow_missing=True)


@pytest.mark.case("L18")
def test_fewer_seeds_fail_with_the_numbers_and_more_do_not(comparison: Comparison) -> None:
    document = comparison.model_dump()
    case = document["cases"][0]
    case["seeds"] = case["seeds"][:2]
    for row in case["rows"]:
        row["values"] = {name: values[:2] for name, values in row["values"].items()}
    fewer = Comparison.model_validate(document)
    verdict = held_against(fewer, comparison)
    assert verdict.missing == ("step: 2 seeds (3 to 4) against 3 (3 to 5) before: 1 of these are missing",)
    assert verdict.failed(allow_missing=False)
    assert held_against(comparison, fewer).missing == ()


@pytest.mark.case("L18")
def test_failed_runs_count_as_missing(comparison: Comparison) -> None:
    document = comparison.model_dump()
    row = document["cases"][0]["rows"][1]
    row["values"] = {name: [None, *values[1:]] for name, values in row["values"].items()}
    missing = held_against(Comparison.model_validate(document), comparison).missing
    assert "step: knative: p95 has values of 2 runs, 3 before" in missing
