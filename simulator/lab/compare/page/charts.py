"""Charts of a comparison, as SVG elements for a page: cost against latency, supply against demand, scores.

The same comparison gives the same bytes: the SVG contains no dates, and its identifiers are fixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from simulator.lab.compare.comparison import CasePart, Comparison, EstimatePart, RowPart
from simulator.lab.compare.tables import is_measure, is_oracle, is_oracle_of_platform, with_equals
from simulator.lab.frontier import frontier
from simulator.lab.page.charts import COLOURS, chart_figure, chart_style, chart_svg, plain_numbers
from simulator.model.text.quantities import quantity_text

COST: Final = "usd_per_million"
LATENCY: Final = "latency_p95_s"
LOSS: Final = "error_rate"
DEMAND: Final = "0.82"  # grey
MARKERS: Final = ("o", "s", "^", "D", "v")
# A point is labelled with its error rate from here on: one in a thousand is what an SLO of three nines allows.
LABELLED_ERROR_RATE: Final = 0.001
PANELS_A_ROW: Final = 3
LEGEND_LINE_IN: Final = 0.18  # inches
SECONDS_FROM_S: Final = 2.0  # latencies from here on are easier to read in seconds


def colour_of(candidate: str, comparison: Comparison) -> str:
    """Return the candidate's colour, the same in every chart; black for oracles."""
    place = _place(candidate, comparison)
    return "black" if place is None else COLOURS[place % len(COLOURS)]


def _marker_of(candidate: str, comparison: Comparison) -> str:
    place = _place(candidate, comparison)
    return "*" if place is None else MARKERS[place // len(COLOURS) % len(MARKERS)]


def _place(candidate: str, comparison: Comparison) -> int | None:
    """Return the candidate's index among those that are not oracles; None for an oracle."""
    others = [part.label for part in comparison.candidates if not is_oracle(part.label)]
    return others.index(candidate) if candidate in others else None


def pareto_chart(case: CasePart, comparison: Comparison) -> str:
    """Plot cost against latency with confidence intervals, and the Pareto frontier of the passing candidates."""
    names = with_equals(case)
    shown = [
        row
        for row in case.rows
        if COST in row.estimates
        and LATENCY in row.estimates
        and not is_measure(row.candidate)
        and row.candidate in names
    ]
    in_seconds = max((row.estimates[LATENCY].mean for row in shown), default=0) > SECONDS_FROM_S
    factor, unit = (1, "s") if in_seconds else (1000, "ms")
    places = [(row.estimates[COST].mean, row.estimates[LATENCY].mean * factor) for row in shown]
    with chart_style():
        # The legend is outside the panel, but inside the figure, with all of its lines.
        figure = chart_figure(8.4, max(4.2, LEGEND_LINE_IN * len(shown) + 0.4))
        panel = figure.subplots()
        front = frontier(places, [not is_oracle(row.candidate) and not row.failing for row in shown])
        panel.plot(*_columns([places[place] for place in front]), color="0.6", linewidth=1, zorder=1)
        for row in shown:
            _point(panel, row, names[row.candidate], factor, comparison)
        panel.set_xlabel("USD per million served requests")
        panel.set_ylabel(f"p95 latency [{unit}]")
        panel.margins(x=0.1, y=0.15)
        _scale(panel, [_reach(row.estimates[LATENCY], factor) for row in shown])
        panel.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8)
        return chart_svg(figure)


def supply_chart(case: CasePart, comparison: Comparison) -> str:
    """Plot ready instances and demand over time for the first seed, a panel per candidate; empty without curves."""
    titles = with_equals(case)
    shown = [
        row
        for row in case.rows
        if row.curve is not None and not is_oracle_of_platform(row.candidate) and row.candidate in titles
    ]
    if not shown:
        return ""
    rows = -(-len(shown) // PANELS_A_ROW)
    # An instance has a different size on each platform, so one scale for all panels would flatten most of them.
    same = len({tuple(row.curve.demand) for row in shown if row.curve is not None}) == 1
    with chart_style():
        figure = chart_figure(9.6, 1.9 * rows + 0.3)
        panels = figure.subplots(rows, PANELS_A_ROW, sharex=True, sharey=same, squeeze=False).ravel()
        tops = [_top(row) for row in shown]
        for panel, row, top in zip(panels, shown, tops, strict=False):
            _supply(panel, row, colour_of(row.candidate, comparison), max(tops) if same else top)
            panel.set_title(titles[row.candidate], loc="left", color=colour_of(row.candidate, comparison))
        for panel in panels[len(shown) :]:
            panel.set_visible(False)
        for panel in panels[::PANELS_A_ROW]:
            panel.set_ylabel("instances")
        return chart_svg(figure)


def score_chart(comparison: Comparison) -> str:
    """Plot the score over all cases, best first. Candidates that fail have hollow bars. Empty if no score is known."""
    single = with_equals(comparison.cases[0]) if len(comparison.cases) == 1 else {}
    known = [
        (part.candidate, part.score, bool(part.failing) and not is_oracle(part.candidate))
        for part in comparison.overall
        if part.score is not None
        and not is_oracle_of_platform(part.candidate)
        and (not single or part.candidate in single)
    ]
    if not known:
        return ""
    with chart_style():
        figure = chart_figure(7.2, 0.3 * len(known) + 0.8)
        panel = figure.subplots()
        names, scores = [single.get(name, name) for name, _, _ in known], [score for _, score, _ in known]
        colours = [colour_of(name, comparison) for name, _, _ in known]
        fills = ["none" if fails else colour for colour, (_, _, fails) in zip(colours, known, strict=True)]
        bars = panel.barh(names, scores, color=fills, edgecolor=colours, height=0.65)
        panel.bar_label(bars, [quantity_text(score, "usd") for score in scores], padding=4, fontsize=8)
        panel.invert_yaxis()
        panel.grid(visible=False, axis="y")
        panel.set_xlabel("score: USD and misses, per million requests (geometric mean over cases)")
        panel.margins(x=0.1)
        return chart_svg(figure)


def _point(panel: Any, row: RowPart, name: str, factor: float, comparison: Comparison) -> None:
    cost, latency, loss = row.estimates[COST], row.estimates[LATENCY], row.estimates.get(LOSS)
    lost = (
        f", error rate {quantity_text(loss.mean, 'ratio')}"
        if loss is not None and loss.mean >= LABELLED_ERROR_RATE
        else ""
    )
    colour, oracle = colour_of(row.candidate, comparison), is_oracle(row.candidate)
    panel.errorbar(
        cost.mean,
        latency.mean * factor,
        xerr=_bars(cost, 1),
        yerr=_bars(latency, factor),
        fmt=_marker_of(row.candidate, comparison),
        markersize=11 if oracle else 7,
        markerfacecolor="white" if row.failing and not oracle else colour,
        markeredgewidth=1.6,
        color=colour,
        elinewidth=1,
        capsize=2,
        label=f"{name}{lost}",
        zorder=3,
    )


def _top(row: RowPart) -> float:
    """Return the upper limit of the panel.

    A peak of the demand far above the supply must not flatten everything else.
    """
    assert row.curve is not None
    most = max(row.curve.ready, default=0)
    return 1.1 * max(1.0, most, min(10 * most, max(row.curve.demand, default=0)))


def _supply(panel: Any, row: RowPart, colour: str, top: float) -> None:
    curve = row.curve
    assert curve is not None
    minutes = [place * curve.width_s / 60 for place in range(len(curve.ready) + 1)]
    panel.stairs(curve.demand, minutes, fill=True, color=DEMAND, label="needed")
    # Without a baseline the outline begins and ends at the curve's own value, not at zero.
    panel.stairs(curve.ready, minutes, color=colour, linewidth=1.6, label="ready", baseline=None)
    panel.set_ylim(0, top)
    panel.yaxis.get_major_locator().set_params(integer=True)
    panel.tick_params(labelbottom=True)
    most = max(curve.demand, default=0)
    if most > top:
        panel.annotate(
            f"up to {quantity_text(most, 'count')} needed", (0.98, 0.86), xycoords="axes fraction", ha="right"
        )
    panel.set_xlabel("minutes")


def _bars(found: EstimatePart, factor: float) -> list[list[float]] | None:
    if found.low is None or found.high is None:
        return None
    return [[(found.mean - found.low) * factor], [(found.high - found.mean) * factor]]


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [point[0] for point in points], [point[1] for point in points]


def _reach(found: EstimatePart, factor: float) -> tuple[float, float]:
    """Return the lower and the upper end of the drawn interval."""
    ends = [end for end in (found.mean, found.low, found.high) if end is not None]
    return min(ends) * factor, max(ends) * factor


def _scale(panel: Any, latencies: Sequence[tuple[float, float]]) -> None:
    """Choose the latency scale: from zero if that leaves room for the differences, logarithmic for a wide range.

    The scale always includes the top of the highest interval, so that nothing is cut off.
    """
    low, high = min((low for low, _ in latencies), default=0), max((high for _, high in latencies), default=0)
    if low > 0 and high > 20 * low:
        panel.set_yscale("log")
        plain_numbers(panel.yaxis)
    elif low < 0.6 * high:
        panel.set_ylim(0, 1.15 * high)
