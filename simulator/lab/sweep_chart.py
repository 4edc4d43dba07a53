"""A sweep as a picture: along one axis, latency, loss and cost; over several, the plane of latency and cost."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from simulator.lab.point_run import Row

LATENCY: Final = "latency_p95_s"
COST: Final = "month_usd"
LOST: Final = "failure_ratio"  # refused and failed requests: a point that refuses much is cheap and fast
# Okabe and Ito's palette: told apart by colour-blind readers as well.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")


def pareto(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indexes of the points that none beats in both coordinates (less is better), by the first one."""
    best = float("inf")
    front = []
    for index in sorted(range(len(points)), key=lambda number: points[number]):
        if points[index][1] < best:
            best = points[index][1]
            front.append(index)
    return front


def means(rows: Sequence[Row], axes: Sequence[str]) -> list[Row]:
    """Seeds averaged: a row for every combination that has a latency, with the figures of the chart."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row.get(LATENCY) is not None and row.get(COST) is not None:
            groups.setdefault(tuple(row[name] for name in axes), []).append(row)
    return [
        {
            **dict(zip(axes, values, strict=True)),
            **{name: fmean(float(row.get(name) or 0) for row in group) for name in (LATENCY, LOST, COST)},
        }
        for values, group in groups.items()
    ]


def draw(rows: Sequence[Row], axes: Sequence[str], title: str, path: Path) -> None:
    """Write the chart; the suffix says what: png, svg or pdf.

    Raises:
        ImportError: when matplotlib is not installed.
        ValueError: when no point has anything to draw, or the suffix is unknown.
    """
    told = means(rows, axes)
    if not told:
        msg = "chart = nothing to draw: no point has a latency and a cost"
        raise ValueError(msg)
    figure_type: Any = importlib.import_module("matplotlib.figure").Figure
    figure = figure_type(figsize=(8, 5), layout="constrained")
    figure.suptitle(title)
    if len(axes) == 1:
        _along(figure, told, axes[0])
    else:
        _plane(figure, told, axes)
    figure.savefig(path, dpi=150)


def _along(figure: Any, told: Sequence[Row], axis: str) -> None:
    """A panel each over one axis: two scales on one panel would suggest a relation that the drawing made."""
    places = list(range(len(told)))
    panels = figure.subplots(3, 1, sharex=True)
    scale = [("p95 [ms]", LATENCY, 1000.0), ("lost [%]", LOST, 100.0), ("USD a month", COST, 1.0)]
    for number, (panel, (label, name, factor)) in enumerate(zip(panels, scale, strict=True)):
        values = [float(row[name] or 0) * factor for row in told]
        panel.plot(places, values, marker="o", color=COLOURS[number])
        panel.set_ylabel(label)
        panel.set_ylim(0, max(values) * 1.12 or 1.0)  # whole markers
        panel.grid(visible=True, alpha=0.3)
    panels[-1].set_xticks(places, [str(row[axis]) for row in told])
    panels[-1].set_xlabel(axis)


def _plane(figure: Any, told: Sequence[Row], axes: Sequence[str]) -> None:
    panel = figure.subplots()
    places = [(float(row[COST] or 0), float(row[LATENCY] or 0) * 1000) for row in told]
    for number, value in enumerate(dict.fromkeys(row[axes[0]] for row in told)):
        own = [place for place, row in zip(places, told, strict=True) if row[axes[0]] == value]
        label = f"{axes[0]} = {value}"
        panel.scatter(*zip(*own, strict=True), s=22, color=COLOURS[number % len(COLOURS)], label=label)
    front = pareto(places)
    panel.plot(*zip(*(places[index] for index in front), strict=True), color="0.4", linewidth=1, zorder=0)
    for index in front:
        text = ", ".join(str(told[index][name]) for name in axes)
        panel.annotate(text, places[index], textcoords="offset points", xytext=(5, 5), fontsize=7)
    panel.set_xlabel("cost [USD a month]")
    panel.set_ylabel("p95 latency [ms]")
    panel.set_ylim(bottom=0)
    panel.grid(visible=True, alpha=0.3)
    panel.legend(fontsize=8, title=f"labels: {', '.join(axes)}", title_fontsize=7)
