"""Charts of a comparison as blocks of a page: cost against latency, supply against demand."""

from __future__ import annotations

from typing import Final

from simulator.lab.compare.comparison import CasePart, EstimatePart, RowPart
from simulator.lab.compare.figures import FIGURES
from simulator.lab.compare.tables import is_measure, is_oracle, is_oracle_of_platform, objective_order, with_equals
from simulator.lab.frontier import frontier
from simulator.lab.page.blocks import CurvesBlock, Interval, PageAxis, PageCurve, PagePoint, ScatterBlock
from simulator.model.text.quantities import quantity_text

COST: Final = "usd_per_million"
LATENCY: Final = "latency_p95_s"
# The figures of a point that is selected, in this order.
_DETAILS: Final = (
    "month_usd",
    "usd_per_million",
    "latency_p50_s",
    "latency_p95_s",
    "latency_p99_s",
    "error_rate",
    "slo_miss_ratio",
    "score",
)
_CAPTION: Final = (
    "Lower left is better. A hollow point fails: its error rate is 5 % or more, or most of its runs fail a check of "
    "the scenario. The dashed line joins those that pass and that no other beats in both cost and latency. Bars are "
    "95 % confidence intervals. A star is an oracle, the best possible result."
)


def cost_and_latency(case: CasePart) -> ScatterBlock:
    """Return cost against latency with intervals, and the frontier of the candidates that pass."""
    names = with_equals(case)
    rows = [
        row
        for row in case.rows
        if {COST, LATENCY} <= row.estimates.keys() and not is_measure(row.candidate) and row.candidate in names
    ]
    places = [(row.estimates[COST].mean, row.estimates[LATENCY].mean) for row in rows]
    front = set(frontier(places, [not is_oracle(row.candidate) and not row.failing for row in rows]))
    best = "" if case.answer is None else case.answer.best
    return ScatterBlock(
        "Cost and latency",
        _CAPTION,
        PageAxis("USD per million served requests", "usd"),
        PageAxis("p95 latency", "s"),
        [
            PagePoint(
                series=row.candidate,
                name=names[row.candidate],
                x=_interval(row.estimates[COST]),
                y=_interval(row.estimates[LATENCY]),
                details=_details(row),
                is_failing=bool(row.failing) and not is_oracle(row.candidate),
                is_on_front=place in front,
                is_best=row.candidate == best,
            )
            for place, row in enumerate(rows)
        ],
    )


def supply(case: CasePart) -> CurvesBlock | None:
    """Return ready instances and demand over time for the first seed; None without curves."""
    names, order = with_equals(case), objective_order(case)
    rows = [
        row
        for row in case.rows
        if row.curve is not None and not is_oracle_of_platform(row.candidate) and row.candidate in names
    ]
    rows.sort(key=lambda row: order.get(row.candidate, len(order)))
    curves = [
        PageCurve(row.candidate, names[row.candidate], row.curve.width_s, row.curve.demand, row.curve.ready)
        for row in rows
        if row.curve is not None
    ]
    if not curves:
        return None
    caption = f"One run (seed {case.seeds[0]}). An instance has a different size on each platform. Drag to zoom."
    return CurvesBlock("Instances over time", caption, curves)


def _interval(found: EstimatePart) -> Interval:
    return found.mean, found.low, found.high


def _details(row: RowPart) -> list[tuple[str, str]]:
    figures = [
        (FIGURES[name].heading, quantity_text(row.estimates[name].mean, FIGURES[name].unit))
        for name in _DETAILS
        if name in row.estimates
    ]
    return [*figures, *(("fails", text) for text in row.failing)]
