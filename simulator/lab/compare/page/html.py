"""A comparison as one page: charts and tables in a single file that works offline and without scripts."""

from __future__ import annotations

from typing import Any, Final

from simulator.lab.compare.comparison import CasePart, Comparison
from simulator.lab.compare.figures import FIGURES
from simulator.lab.compare.notes import WARNING
from simulator.lab.compare.page.charts import colour_of, pareto_chart, score_chart, supply_chart
from simulator.lab.compare.tables import (
    difference_tables,
    elasticity_score_tables,
    failure_lines,
    is_oracle,
    main_tables,
    overall_table,
)
from simulator.lab.page.template import rendered, safe
from simulator.lab.statistics import RUNS_MIN
from simulator.model.text.quantities import time_text

TEMPLATE: Final = "compare_page.html.j2"


def comparison_html(comparison: Comparison) -> str:
    """Return the page.

    Raises:
        MissingLibrary: if matplotlib or jinja2 is not installed.
    """
    return rendered(
        "simulator.lab.compare.page",
        TEMPLATE,
        comparison=comparison,
        cases=[_case(case, comparison) for case in comparison.cases],
        overall=overall_table(comparison),
        scores=safe(score_chart(comparison)),
        intervals=any(len(case.seeds) >= RUNS_MIN for case in comparison.cases),
        figures=FIGURES.values(),
        colours={part.label: _dot(part.label, comparison) for part in comparison.candidates},
    )


def _case(case: CasePart, comparison: Comparison) -> dict[str, Any]:
    return {
        "part": case,
        "slo": None if case.slo_s is None else time_text(case.slo_s),
        "pareto": safe(pareto_chart(case, comparison)),
        "supply": safe(supply_chart(case, comparison)),
        "failures": failure_lines(case),
        "warnings": [note for note in case.notes if note.startswith(WARNING)],
        "notes": [note for note in case.notes if not note.startswith(WARNING)],
        "tables": main_tables(case) + elasticity_score_tables(case) + difference_tables(case, comparison.baseline),
    }


def _dot(candidate: str, comparison: Comparison) -> str:
    """Return the candidate's colour in the charts; an oracle has the page's text colour."""
    return "currentColor" if is_oracle(candidate) else colour_of(candidate, comparison)
