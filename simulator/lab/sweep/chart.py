"""Charts of a sweep: latency, error rate and cost along one axis; latency against cost for several axes."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from simulator.lab.frontier import failures_of, frontier
from simulator.lab.sweep.point_run import Row

# Space beyond the largest value, so that markers are not cut off.
MARGIN: Final = 1.12
LATENCY: Final = "latency_p95_s"
COST: Final = "month_usd"
LOST: Final = "error_rate"  # rejected and failed requests: a point that rejects many requests is cheap and fast
# Okabe and Ito's palette, which colour-blind readers can distinguish.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")


FAILING: Final = "failing"


def means(rows: Sequence[Row], axes: Sequence[str]) -> list[Row]:
    """Return means over the seeds: a row for every combination that has a latency, with the figures of the chart.

    `failing`: the reasons why the point is not on the frontier (lab/frontier.py) as one text; empty if it passes.
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row.get(LATENCY) is not None and row.get(COST) is not None:
            groups.setdefault(tuple(row[name] for name in axes), []).append(row)
    return [_mean(dict(zip(axes, values, strict=True)), group) for values, group in groups.items()]


def _mean(point: Row, group: Sequence[Row]) -> Row:
    figures = {name: fmean(float(row.get(name) or 0) for row in group) for name in (LATENCY, LOST, COST)}
    failed = Counter(text for row in group for text in str(row.get("failed_checks") or "").split("; ") if text)
    return {**point, **figures, FAILING: "; ".join(failures_of(figures[LOST], failed, len(group)))}


def front_of(mean_rows: Sequence[Row]) -> list[int]:
    """Return the indexes of the points that pass and that no other point beats in both cost and latency."""
    places = [(float(row[COST] or 0), float(row[LATENCY] or 0)) for row in mean_rows]
    return frontier(places, [not row[FAILING] for row in mean_rows])


def draw(rows: Sequence[Row], axes: Sequence[str], title: str, path: Path) -> None:
    """Write the chart. The suffix of `path` selects the format: png, svg or pdf.

    Raises:
        ImportError: if matplotlib is not installed.
        ValueError: if no point can be drawn, or the suffix is unknown.
    """
    mean_rows = means(rows, axes)
    if not mean_rows:
        msg = "chart = nothing to draw: no point has a latency and a cost"
        raise ValueError(msg)
    figure_type: Any = importlib.import_module("matplotlib.figure").Figure
    figure = figure_type(figsize=(8, 5), layout="constrained")
    figure.suptitle(title)
    if len(axes) == 1:
        _along(figure, mean_rows, axes[0])
    else:
        _plane(figure, mean_rows, axes)
    figure.savefig(path, dpi=150)


def _along(figure: Any, mean_rows: Sequence[Row], axis: str) -> None:
    """Draw one panel per figure along one axis; two scales in one panel would suggest a relation."""
    places = list(range(len(mean_rows)))
    panels = figure.subplots(3, 1, sharex=True)
    scale = [("p95 [ms]", LATENCY, 1000.0), ("error rate [%]", LOST, 100.0), ("USD a month", COST, 1.0)]
    for number, (panel, (label, name, factor)) in enumerate(zip(panels, scale, strict=True)):
        values = [float(row[name] or 0) * factor for row in mean_rows]
        panel.plot(places, values, color=COLOURS[number], zorder=1)
        for place, value, row in zip(places, values, mean_rows, strict=True):
            panel.plot(place, value, **_marker(row, COLOURS[number]))
        panel.set_ylabel(label)
        panel.set_ylim(0, max(values) * MARGIN or 1.0)  # markers are not cut off
        panel.margins(x=0.05)
        panel.grid(visible=True, alpha=0.3)
    panels[-1].set_xticks(places, [str(row[axis]) for row in mean_rows])
    panels[-1].set_xlabel(axis)
    if any(row[FAILING] for row in mean_rows):
        panels[0].legend(handles=[_failing_key()], fontsize=8)


def _plane(figure: Any, mean_rows: Sequence[Row], axes: Sequence[str]) -> None:
    panel = figure.subplots()
    places = [(float(row[COST] or 0), float(row[LATENCY] or 0) * 1000) for row in mean_rows]
    colours = {
        value: COLOURS[number % len(COLOURS)]
        for number, value in enumerate(dict.fromkeys(row[axes[0]] for row in mean_rows))
    }
    for place, row in zip(places, mean_rows, strict=True):
        panel.plot(*place, **_marker(row, colours[row[axes[0]]]))
    front = front_of(mean_rows)
    if front:
        panel.plot(*zip(*(places[index] for index in front), strict=True), color="0.4", linewidth=1, zorder=0)
    (left, right), (low, high) = (_limits(values) for values in zip(*places, strict=True))
    panel.set_xlim(left, right)
    panel.set_ylim(low, high)
    for index in front:
        # Labels extend towards the middle, so that none leaves the axes; in the right half they are below their points,
        # apart from the labels of the left half.
        is_right = places[index][0] > (left + right) / 2
        share = (places[index][1] - low) / (high - low)
        is_below = share > 0.85 or (share > 0.15 and is_right)
        panel.annotate(
            ", ".join(f"{name} {mean_rows[index][name]}" for name in axes),
            places[index],
            textcoords="offset points",
            xytext=(-7 if is_right else 7, -12 if is_below else 7),
            ha="right" if is_right else "left",
            fontsize=7,
        )
    panel.set_xlabel("cost [USD per month]")
    panel.set_ylabel("p95 latency [ms]")
    panel.grid(visible=True, alpha=0.3)
    keys = [_key(f"{axes[0]} = {value}", colour) for value, colour in colours.items()]
    if any(row[FAILING] for row in mean_rows):
        keys.append(_failing_key())
    panel.legend(handles=keys, fontsize=8)


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Return the axis limits: from zero if that leaves room for differences, and up to beyond the largest value."""
    low, high = min(values), max(values)
    if low < 0.6 * high:
        return 0.0, high * MARGIN
    room = max((high - low) * 0.3, high * 0.01) or 1.0
    return low - room, high + room


def _marker(row: Row, colour: str) -> dict[str, Any]:
    """Return the marker style; hollow for a point that fails."""
    face = "none" if row[FAILING] else colour
    return {
        "marker": "o",
        "markersize": 5.5,
        "color": colour,
        "markerfacecolor": face,
        "linestyle": "none",
        "zorder": 3,
    }


def _key(label: str, colour: str, face: str | None = None) -> Any:
    line: Any = importlib.import_module("matplotlib.lines").Line2D
    return line([], [], marker="o", linestyle="none", color=colour, markerfacecolor=face or colour, label=label)


def _failing_key() -> Any:
    return _key("hollow: fails", "0.4", "none")
