"""The chart of requests without load: how the CPU time and the other time of each route are distributed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from simulator.calibration.page.charts import BLUE, GREEN
from simulator.calibration.page.unloaded_times import RouteTimes
from simulator.lab.page.charts import chart_figure, chart_style, chart_svg

TIMES_MAX: Final = 8  # routes that are shown
_MS: Final = 1000.0
_NAME: Final = 40


def unloaded_chart(times: Sequence[RouteTimes]) -> str:
    """Plot the distribution functions of the CPU time and of the rest of the latency, a row for each route; empty
    without times.
    """
    shown = times[:TIMES_MAX]
    if not shown:
        return ""
    with chart_style():
        figure = chart_figure(8.4, 1.9 * len(shown) + 0.4)
        panels = figure.subplots(len(shown), 2, squeeze=False)
        for (cpu, rest), each in zip(panels, shown, strict=True):
            _distribution(cpu, each.measured.cpu_s, each.modelled.cpu_s, GREEN)
            _distribution(rest, each.measured.rest_s, each.modelled.rest_s, BLUE)
            name = each.measured.route
            cpu.set_title(name if len(name) <= _NAME else f"{name[: _NAME - 3]}...", loc="left")
            cpu.set_ylabel("share of requests")
        panels[-1][0].set_xlabel("CPU time [ms]")
        panels[-1][1].set_xlabel("other time [ms]")
        panels[0][0].legend(loc="lower right", fontsize=8)
        return chart_svg(figure)


def _distribution(panel: Any, measured_s: Sequence[float], modelled_s: Sequence[float], colour: str) -> None:
    for values_s, style, label in ((measured_s, "o", "measured"), (modelled_s, "-", "modelled")):
        shares = (np.arange(len(values_s)) + 0.5) / len(values_s)
        panel.plot([value * _MS for value in values_s], shares, style, color=colour, markersize=3, label=label)
    panel.set_ylim(0, 1)
    panel.set_xlim(left=0)
