"""A comparison as one page: the answer, charts and tables in a single file that works offline."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.lab.compare.comparison import CasePart, Comparison
from simulator.lab.compare.figures import FIGURES
from simulator.lab.compare.notes import WARNING
from simulator.lab.compare.page.charts import cost_and_latency, supply
from simulator.lab.compare.tables import (
    Cell,
    Table,
    difference_tables,
    elasticity_score_tables,
    failure_lines,
    is_measure,
    is_oracle,
    main_tables,
    objective_order,
    overall_table,
    with_equals,
)
from simulator.lab.page.blocks import (
    Block,
    DefinitionsBlock,
    LabPage,
    NotesBlock,
    PageCell,
    PageColumn,
    PageRow,
    PageSection,
    PageSeries,
    TableBlock,
    answer_block,
)
from simulator.lab.page.html import lab_page_html
from simulator.model.text.quantities import time_text

FAILURES_MAX = 10


def comparison_html(comparison: Comparison) -> str:
    """Return the page."""
    return lab_page_html(comparison_page(comparison))


def comparison_page(comparison: Comparison) -> LabPage:
    """Return the content of the page."""
    candidates = [part.label for part in comparison.candidates if not part.is_reference]
    cases = len(comparison.cases)
    return LabPage(
        title=f"{', '.join(candidates)} on {', '.join(case.name for case in comparison.cases)}",
        subtitle=f"{len(candidates)} candidates, {cases} case{'s' * (cases != 1)}, baseline {comparison.baseline}",
        sections=[*_overall(comparison), *(_case(case, comparison) for case in comparison.cases), _about(comparison)],
        series=_series(comparison),
        footer=(
            f"simulator {comparison.simulator}. A missed request costs USD {comparison.miss_usd} in the score. "
            "Terms: docs/reference/glossary.md."
        ),
    )


def _series(comparison: Comparison) -> list[PageSeries]:
    """Return the candidates in the order of the objective of the first case, oracles at the end."""
    shown = {name for case in comparison.cases for name in with_equals(case) if not is_measure(name)}
    order = objective_order(comparison.cases[0])
    labels = [part.label for part in comparison.candidates if part.label in shown]
    labels.sort(key=lambda label: (is_oracle(label), order.get(label, len(order))))
    return [PageSeries(label, label, is_oracle(label)) for label in labels]


def _overall(comparison: Comparison) -> list[PageSection]:
    """Return what concerns all cases: the answer over several, and runs that failed."""
    blocks: list[Block] = []
    if comparison.failures:
        count = len(comparison.failures)
        lines = [f"{one.candidate} on {one.scenario}, seed {one.seed}: {one.error}" for one in comparison.failures]
        head = f"{count} run{'s' * (count != 1)} could not be played and {'are' if count != 1 else 'is'} missing below:"
        blocks.append(NotesBlock([head, *lines[:FAILURES_MAX]], is_warning=True))
    if comparison.answer is not None:
        blocks.append(answer_block(comparison.answer, "candidate"))
        blocks.append(table_block(overall_table(comparison)))
    title = "All cases" if comparison.answer is not None else "Failed runs"
    return [PageSection(title, blocks)] if blocks else []


def _case(case: CasePart, comparison: Comparison) -> PageSection:
    warnings = [f"{note}." for note in case.notes if note.startswith(WARNING)]
    others = [f"{note}." for note in case.notes if not note.startswith(WARNING)]
    tables = main_tables(case) + elasticity_score_tables(case) + difference_tables(case, comparison.baseline)
    curves = supply(case)
    blocks: list[Block] = [
        *([] if case.answer is None else [answer_block(case.answer, "candidate")]),
        *([NotesBlock(warnings, is_warning=True)] if warnings else []),
        cost_and_latency(case),
        *([NotesBlock([f"{line}." for line in failure_lines(case)])] if failure_lines(case) else []),
        *([] if curves is None else [curves]),
        NotesBlock([_seeds(case)]),
        *map(table_block, tables),
        *([NotesBlock(others, "Notes")] if others else []),
    ]
    return PageSection(case.name, blocks)


def _seeds(case: CasePart) -> str:
    count = len(case.seeds)
    slo = f" A request that is rejected, fails or takes longer than {time_text(case.slo_s)} misses the SLO."
    return (
        f"{count} seed{'s' * (count != 1)} from {case.seeds[0]} on. Intervals in the tables are for 95 % of each "
        f"figure by itself.{'' if case.slo_s is None else slo}"
    )


def table_block(table: Table) -> TableBlock:
    """Return a table of the terminal as a table of the page."""
    about = {figure.heading: figure.about for figure in FIGURES.values()}
    return TableBlock(
        table.title,
        table.heading or "candidate",
        [PageColumn(heading, about.get(heading, "")) for heading in table.headings],
        [PageRow(name, name, _cells(cells), table.marks.get(name, ())) for name, cells in table.rows],
    )


def _cells(cells: Sequence[Cell]) -> list[PageCell]:
    return [PageCell(cell.text, cell.spread, cell.value, cell.is_best) for cell in cells]


def _about(comparison: Comparison) -> PageSection:
    candidates = []
    for part in comparison.candidates:
        texts = [part.about, "the best possible result, for reference only" if part.is_reference else ""]
        prices = f"prices: {part.prices}" if part.prices else ""
        candidates.append((part.label, "; ".join(filter(None, [*texts, prices]))))
    better = {"low": " (lower is better)", "high": " (higher is better)"}
    figures = [(one.heading, f"{one.about}{better.get(one.better, '')}") for one in FIGURES.values()]
    return PageSection(
        "Definitions", [DefinitionsBlock("Candidates", candidates), DefinitionsBlock("Figures", figures)]
    )
