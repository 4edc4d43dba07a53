"""A calibration as one page: charts and tables in a single file that works offline and without scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.page.accuracy import accuracies, accuracy_text, figure_of, goodness_text
from simulator.calibration.page.charts import (
    ROUTES_MAX,
    cpu_chart,
    latency_chart,
    residual_chart,
    route_chart,
    start_chart,
    throughput_chart,
)
from simulator.calibration.page.curves import Advance, LoadCurve, load_curve
from simulator.calibration.page.next_measurement import NextMeasurement, next_measurement
from simulator.calibration.page.parameter_rows import parameter_rows
from simulator.calibration.page.unloaded_chart import unloaded_chart
from simulator.calibration.page.unloaded_times import RouteTimes, played_times
from simulator.lab.page.template import rendered, safe
from simulator.model.text.quantities import bytes_text, latency_text, rate_text, ratio_text

TEMPLATE: Final = "calibration_page.html.j2"
_HEADINGS: Final = (
    ("throughput_rps", "throughput"),
    ("error_share", "errors"),
    ("mean_s", "mean"),
    ("p50_s", "p50"),
    ("p95_s", "p95"),
    ("p99_s", "p99"),
    ("cpu_s", "CPU per request"),
    ("memory_bytes", "memory"),
)
_STAGES_SHOWN: Final = 200


class ShownCell(NamedTuple):
    """A figure of a stage: measured, modelled, and whether the difference is more than chance explains."""

    measured: str
    modelled: str
    differs: bool


def calibration_page(
    model: CalibratedModel, curve: LoadCurve, following: NextMeasurement, alone: Sequence[RouteTimes] = ()
) -> str:
    """Return the page. `curve`, `following` and `alone`, the times of requests without load, are those of the model.

    Raises:
        MissingLibrary: if matplotlib or jinja2 is not installed.
    """
    keys = [key for key, _ in _HEADINGS if any(figure_of(stage, key) for stage in model.fit.stages)]
    most = curve.throughput_max
    return rendered(
        "simulator.calibration.page",
        TEMPLATE,
        model=model,
        size=model.size,
        accuracies=[accuracy_text(each) for each in accuracies(model)],
        goodness=goodness_text(model.fit.goodness),
        saturation=rate_text(curve.saturation_rps),
        most=[rate_text(each) for each in (most.value, most.low, most.high)],
        is_capacity_extrapolated=curve.is_beyond(model.observed.rate_max_rps),
        concurrency=curve.max_concurrency,
        duration=f"{curve.duration_s:.0f}\u00a0s",
        draws=len(curve.draws),
        observed=list(_observed(model)),
        is_extrapolated=model.observed.rate_max_rps is not None and model.observed.rate_max_rps < max(curve.rates_rps),
        latency=safe(latency_chart(model, curve)),
        cpu=safe(cpu_chart(model, curve)),
        throughput=safe(throughput_chart(model, curve)),
        routes=safe(route_chart(model)),
        routes_left_out=max(0, len(model.routes) - ROUTES_MAX),
        alone=safe(unloaded_chart(alone)),
        alone_rows=list(_alone(alone)),
        start=safe(start_chart(model)),
        residuals=safe(residual_chart(model)),
        parameters=parameter_rows(model),
        headings=[heading for key, heading in _HEADINGS if key in keys],
        stages=list(_stages(model, keys)),
        stages_left_out=max(0, len(model.fit.stages) - _STAGES_SHOWN),
        following=following.sentences,
    )


def played_page(model: CalibratedModel, seed: int = 1, advance: Advance = lambda: None) -> str:
    """Return the page, with a curve and a next measurement that are played for it; `advance` is called after each run.

    Raises:
        MissingLibrary: if a library of the extra `lab` is not installed.
        BrokenRun: if a run failed.
    """
    curve = load_curve(model, seed, advance)
    following = next_measurement(model, curve, seed, advance)
    return calibration_page(model, curve, following, played_times(model, seed))


def _alone(times: Sequence[RouteTimes]) -> Iterator[dict[str, Any]]:
    """Yield the means and the 95th percentiles of requests without load, measured and modelled."""
    for each in times:
        cells = []
        for name in ("cpu_s", "rest_s"):
            measured, modelled = np.array(getattr(each.measured, name)), np.array(getattr(each.modelled, name))
            for figure in (np.mean, partial(np.quantile, q=0.95)):
                texts = latency_text(float(figure(measured))), latency_text(float(figure(modelled)))
                cells.append(ShownCell(texts[0], texts[1], differs=False))
        yield {"route": each.measured.route, "count": each.measured.count, "cells": cells}


def _observed(model: CalibratedModel) -> Iterator[str]:
    """Yield the loads that the model was fitted to."""
    observed = model.observed
    if observed.rate_max_rps is not None:
        yield f"up to {rate_text(observed.rate_max_rps)} for one instance"
    if observed.throughput_max_rps is not None:
        yield f"{rate_text(observed.throughput_max_rps)} served at most"
    if observed.utilization_max is not None:
        yield f"CPU up to {ratio_text(observed.utilization_max)}"
    if observed.sizes:
        yield f"on {', '.join(str(each.value) for each in observed.sizes)}"


def _stages(model: CalibratedModel, keys: list[str]) -> Iterator[dict[str, Any]]:
    for stage in model.fit.stages[:_STAGES_SHOWN]:
        cells = []
        for key in keys:
            figure = figure_of(stage, key)
            if figure is None:
                cells.append(ShownCell("-", "", differs=False))
                continue
            differs = figure.residual is not None and abs(figure.residual) > 3
            cells.append(ShownCell(_text(key, figure.measured), _text(key, figure.modelled), differs))
        yield {"rate": rate_text(stage.rate_rps), "route": stage.route or "all", "cells": cells}


def _text(key: str, value: float) -> str:
    if key.endswith("_s"):
        return latency_text(value)
    if key.endswith("_rps"):
        return rate_text(value)
    return bytes_text(value) if key.endswith("_bytes") else ratio_text(value)
