"""Charts of a calibration, as SVG elements for a page: measured points beside the curves of the model."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, Final, NamedTuple

from simulator.calibration.model.calibrated_model import CalibratedModel, ComparedFigure, StageFit
from simulator.calibration.page.accuracy import figure_of
from simulator.calibration.page.curves import LoadCurve
from simulator.lab.page.charts import COLOURS, chart_figure, chart_style, chart_svg, plain_numbers

BLUE, ORANGE, GREEN, PINK = COLOURS[:4]
NORMAL_95: Final = NormalDist().inv_cdf(0.975)
_BAND: Final = 0.18
_OUTSIDE: Final = "0.82"  # grey, replaced by a colour of the page
_MS: Final = 1000.0
# A latency axis is logarithmic from this range on.
_LOG_FROM: Final = 15.0
_ROUTES_A_ROW: Final = 3
ROUTES_MAX: Final = 12
_RESIDUAL_SIGNS: Final = {
    "mean_s": ("mean", "v", COLOURS[5]),
    "p50_s": ("p50", "o", BLUE),
    "p95_s": ("p95", "s", ORANGE),
    "p99_s": ("p99", "D", PINK),
    "cpu_s": ("CPU", "^", GREEN),
    "throughput_rps": ("throughput", "P", COLOURS[6]),
    "error_share": ("errors", "X", COLOURS[4]),
    "memory_bytes": ("memory", "*", "0.25"),
}


class _Measured(NamedTuple):
    """Measured values at rates, with the half widths of their 95 % intervals."""

    rates_rps: list[float]
    values: list[float]
    errors: list[float]


def latency_chart(model: CalibratedModel, curve: LoadCurve) -> str:
    """Plot p50 and p95 over the rate of one instance: measured points, predicted curves with intervals."""
    with chart_style():
        figure = chart_figure(8.4, 4.2)
        panel = figure.subplots()
        for name, label, colour, marker in (("p50_s", "p50", BLUE, "o"), ("p95_s", "p95", ORANGE, "s")):
            _curve(panel, curve, name, label, colour, _MS)
            _points(panel, measured(model, name), label, colour, marker, _MS)
        panel.set_ylabel("latency [ms]")
        _of_load(panel, model, curve)
        _latency_scale(panel)
        panel.legend(loc="upper left", fontsize=8)
        return chart_svg(figure)


def fit_chart(model: CalibratedModel) -> str:
    """Plot measured and modelled p50, p95 and CPU at the measured loads, without further runs; empty without stages."""
    stages = sorted(_whole(model), key=lambda stage: stage.rate_rps)
    if not stages:
        return ""
    with chart_style():
        figure = chart_figure(8.4, 3.0)
        latency, cpu = figure.subplots(1, 2)
        for key, label, colour, marker in (("p50_s", "p50", BLUE, "o"), ("p95_s", "p95", ORANGE, "s")):
            own = [(stage.rate_rps, each) for stage in stages if (each := figure_of(stage, key)) is not None]
            latency.plot([rate for rate, _ in own], [each.modelled * _MS for _, each in own], color=colour, label=label)
            _points(latency, measured(model, key), label, colour, marker, _MS)
        used = [
            (stage.rate_rps, stage.utilization, each)
            for stage in stages
            if stage.utilization is not None and (each := figure_of(stage, "cpu_s")) is not None and each.measured > 0
        ]
        rates, shares = [rate for rate, _, _ in used], [share for _, share, _ in used]
        modelled = [100 * share * each.modelled / each.measured for _, share, each in used]
        cpu.plot(rates, modelled, color=GREEN, label="CPU")
        errors = [share * _relative_error(each) for _, share, each in used]
        _points(cpu, _Measured(rates, shares, errors), "CPU", GREEN, "^", 100.0)
        latency.set_ylabel("latency [ms]")
        cpu.set_ylabel("CPU [% of the vCPUs]")
        for panel in (latency, cpu):
            panel.set_xlabel("requests/s of the instance")
            panel.set_xlim(left=0)
            panel.legend(loc="upper left", fontsize=8)
        _latency_scale(latency)
        cpu.set_ylim(bottom=0)
        return chart_svg(figure)


def cpu_chart(model: CalibratedModel, curve: LoadCurve) -> str:
    """Plot the used share of the vCPUs over the rate."""
    with chart_style():
        figure = chart_figure(4.9, 3.2)
        panel = figure.subplots()
        _curve(panel, curve, "cpu", "modelled", GREEN, 100.0)
        stages = [stage for stage in _whole(model) if stage.utilization is not None]
        rates = [stage.rate_rps for stage in stages]
        shares = [stage.utilization or 0.0 for stage in stages]
        errors = [
            share * _relative_error(figure_of(stage, "cpu_s")) for stage, share in zip(stages, shares, strict=True)
        ]
        _points(panel, _Measured(rates, shares, errors), "", GREEN, "^", 100.0)
        panel.set_ylabel("CPU [% of the vCPUs]")
        _of_load(panel, model, curve)
        panel.set_ylim(0, 105)
        panel.legend(loc="lower right", fontsize=8)
        return chart_svg(figure)


def throughput_chart(model: CalibratedModel, curve: LoadCurve) -> str:
    """Plot the served rate over the offered rate, with the rate from which the instance is saturated."""
    with chart_style():
        figure = chart_figure(4.9, 3.2)
        panel = figure.subplots()
        top = max(curve.rates_rps)
        panel.plot([0, top], [0, top], color="0.6", linewidth=1, linestyle=":", label="offered")
        _curve(panel, curve, "served_rps", "served", BLUE, 1.0)
        _points(panel, measured(model, "throughput_rps"), "", BLUE, "P", 1.0)
        panel.axvline(curve.saturation_rps, color="0.6", linewidth=1, linestyle="--")
        panel.annotate(
            f"saturated from {curve.saturation_rps:.3g}/s",
            (curve.saturation_rps, 0.04),
            xycoords=("data", "axes fraction"),
            ha="right",
            fontsize=8,
            xytext=(-4, 0),
            textcoords="offset points",
        )
        panel.set_ylabel("served [requests/s]")
        _of_load(panel, model, curve)
        panel.set_ylim(0, 1.05 * top)
        panel.legend(loc="upper left", fontsize=8)
        return chart_svg(figure)


def route_chart(model: CalibratedModel) -> str:
    """Plot p50 and p95 of each route at the measured rates, a panel each; empty for a single route."""
    names = [route.name for route in model.routes][:ROUTES_MAX]
    stages = {name: [stage for stage in model.fit.stages if stage.route == name] for name in names}
    shown = [name for name in names if stages[name]]
    if len(shown) < 2:
        return ""
    columns = min(_ROUTES_A_ROW, len(shown))
    rows = -(-len(shown) // columns)
    with chart_style():
        figure = chart_figure(3.2 * columns, 2.3 * rows + 0.2)
        panels = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
        for panel, name in zip(panels, shown, strict=False):
            for key, label, colour, marker in (("p50_s", "p50", BLUE, "o"), ("p95_s", "p95", ORANGE, "s")):
                own = sorted(
                    (stage.rate_rps, figure_)
                    for stage in stages[name]
                    if (figure_ := figure_of(stage, key)) is not None
                )
                rates = [rate for rate, _ in own]
                panel.plot(rates, [each.modelled * _MS for _, each in own], color=colour, linewidth=1.4)
                values = [each.measured for _, each in own]
                errors = [NORMAL_95 * each.standard_error for _, each in own]
                _points(panel, _Measured(rates, values, errors), label, colour, marker, _MS)
            panel.set_title(name if len(name) <= 34 else f"{name[:31]}...", loc="left")
            panel.set_xlim(left=0)
            _latency_scale(panel)
        for panel in panels[len(shown) :]:
            panel.set_visible(False)
        for panel in panels[::columns]:
            panel.set_ylabel("latency [ms]")
        for panel in panels[max(0, len(shown) - columns) : len(shown)]:
            panel.set_xlabel("requests/s of the instance")
            panel.tick_params(labelbottom=True)
        panels[0].legend(loc="upper left", fontsize=8)
        return chart_svg(figure)


def start_chart(model: CalibratedModel) -> str:
    """Plot the median of each stage of a start with its interval; empty without observed starts."""
    stages = model.start_up
    if not stages:
        return ""
    with chart_style():
        figure = chart_figure(6.4, 0.36 * len(stages) + 0.7)
        panel = figure.subplots()
        for place, stage in enumerate(stages):
            colour = ORANGE if stage.name in {"total", "wake"} else BLUE
            low = stage.median_s if stage.low_s is None else stage.low_s
            high = stage.median_s if stage.high_s is None else stage.high_s
            panel.barh(place, stage.median_s, color=colour, height=0.55, alpha=0.55)
            panel.plot([low, high], [place, place], color=colour, linewidth=2)
            panel.plot([stage.median_s], [place], "o", color=colour, markersize=5)
        panel.set_yticks(range(len(stages)), [f"{stage.name} ({stage.count})" for stage in stages])
        panel.invert_yaxis()
        panel.grid(visible=False, axis="y")
        panel.set_xlabel("seconds")
        panel.set_xlim(left=0)
        return chart_svg(figure)


def residual_chart(model: CalibratedModel) -> str:
    """Plot the differences between measured and modelled figures, in standard errors; empty if there are none."""
    with chart_style():
        figure = chart_figure(8.4, 3.0)
        panel = figure.subplots()
        panel.axhspan(-NORMAL_95, NORMAL_95, color=_OUTSIDE, alpha=0.45, linewidth=0)
        panel.axhline(0, color="0.25", linewidth=0.8)
        count = 0
        for key, (label, marker, colour) in _RESIDUAL_SIGNS.items():
            points = [
                (stage.rate_rps, figure_.residual)
                for stage in model.fit.stages
                for figure_ in stage.figures
                if figure_.name == key and figure_.residual is not None
            ]
            if not points:
                continue
            count += len(points)
            rates, values = zip(*points, strict=True)
            panel.plot(rates, values, marker, color=colour, markersize=5, alpha=0.85, label=label)
        if not count:
            return ""
        panel.set_xlabel("requests/s of the instance")
        panel.set_ylabel("measured - modelled\n[standard errors]")
        panel.set_xlim(left=0)
        low, high = panel.get_ylim()
        reach = max(3.0, abs(low), abs(high))
        panel.set_ylim(-reach, reach)
        panel.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8)
        return chart_svg(figure)


def measured(model: CalibratedModel, name: str) -> _Measured:
    """Return the measured values of a figure of all requests, by rate."""
    found = sorted(
        (stage.rate_rps, each.measured, each.standard_error)
        for stage in _whole(model)
        if (each := figure_of(stage, name)) is not None
    )
    return _Measured([row[0] for row in found], [row[1] for row in found], [NORMAL_95 * row[2] for row in found])


def _whole(model: CalibratedModel) -> list[StageFit]:
    return [stage for stage in model.fit.stages if not stage.route]


def _relative_error(figure: ComparedFigure | None) -> float:
    if figure is None or not figure.measured:
        return 0.0
    return NORMAL_95 * figure.standard_error / figure.measured


def _curve(panel: Any, curve: LoadCurve, name: str, label: str, colour: str, factor: float) -> None:
    known = [
        (rate, each)
        for rate, row in zip(curve.rates_rps, curve.figures, strict=True)
        if (each := row[name]) is not None
    ]
    rates = [rate for rate, _ in known]
    panel.plot(rates, [each.value * factor for _, each in known], color=colour, linewidth=1.6, label=label)
    low, high = ([getattr(each, end) * factor for _, each in known] for end in ("low", "high"))
    panel.fill_between(rates, low, high, color=colour, alpha=_BAND, linewidth=0)


def _points(panel: Any, points: _Measured, label: str, colour: str, marker: str, factor: float) -> None:
    if not points.values:
        return
    panel.errorbar(
        points.rates_rps,
        [value * factor for value in points.values],
        yerr=[error * factor for error in points.errors],
        fmt=marker,
        color=colour,
        markersize=5.5,
        elinewidth=1,
        capsize=2,
        label=f"{label} measured".strip(),
        zorder=3,
    )


def _of_load(panel: Any, model: CalibratedModel, curve: LoadCurve) -> None:
    """Label the axis of the rate, and shade the loads that were not observed."""
    panel.set_xlabel("requests/s of the instance")
    top = max(curve.rates_rps)
    panel.set_xlim(0, top)
    highest = model.observed.rate_max_rps
    if highest is not None and highest < top:
        panel.axvspan(highest, top, color=_OUTSIDE, alpha=0.45, linewidth=0, zorder=0)


def _latency_scale(panel: Any) -> None:
    """Choose a logarithmic axis for a wide range of latencies, otherwise one from zero on."""
    values = [value for line in panel.get_lines() for value in line.get_ydata() if value > 0]
    if values and max(values) > _LOG_FROM * min(values):
        panel.set_yscale("log")
        plain_numbers(panel.yaxis)
    else:
        panel.set_ylim(bottom=0)
