"""Measured beside modelled figures of each load stage, for the model file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from simulator.calibration.fitting.fit_stage import FitStage, Mask
from simulator.calibration.fitting.laws import Array
from simulator.calibration.fitting.search import Found
from simulator.calibration.model.calibrated_model import ComparedFigure, FigureName, ModelRoute, StageFit

_PLAYS: Final = 40
_QUANTILES: Final[dict[FigureName, float]] = {"p50_s": 0.5, "p95_s": 0.95, "p99_s": 0.99}
_P99_MIN: Final = 300  # requests, from which a 99th percentile is stated


def stage_fits(found: Found, routes: Sequence[ModelRoute]) -> Iterator[StageFit]:
    """Yield the figures of each stage: of all requests, then of each route if there are several."""
    for stage, player in zip(found.likelihood.stages, found.likelihood.players, strict=True):
        played = player.play(found.best.candidate, range(_PLAYS))
        whole = np.ones(len(stage.at_s), np.bool_)
        yield StageFit(
            observation=stage.observation,
            stage=stage.number,
            rate_rps=stage.rate_rps,
            utilization=stage.utilization if math.isfinite(stage.utilization) else None,
            figures=(
                *_totals(stage, played.latency_s, played.cpu_s),
                *_latencies(stage, whole, played.latency_s),
            ),
        )
        for number, route in enumerate(routes if len(routes) > 1 else ()):
            figures = tuple(_latencies(stage, stage.route == number, played.latency_s))
            if figures:
                yield StageFit(
                    observation=stage.observation,
                    stage=stage.number,
                    rate_rps=stage.rate_rps,
                    route=route.name,
                    figures=figures,
                )


def _totals(stage: FitStage, latency_s: Array, cpu_s: Array) -> Iterator[ComparedFigure]:
    used = stage.is_settled & ~stage.is_failed
    ended_s = stage.at_s + latency_s
    inside = (ended_s >= stage.warm_up_s) & (ended_s < stage.duration_s)
    throughput = inside.sum(axis=1) / stage.settled_s
    yield _figure("throughput_rps", stage.throughput_rps, throughput)
    rejected = np.isnan(latency_s[:, used]).mean(axis=1)
    yield _figure("error_share", stage.rejected_share, rejected)
    requests = int((stage.is_settled & ~stage.is_rejected).sum())
    if math.isfinite(stage.cpu_s) and requests:
        modelled = np.maximum((~np.isnan(latency_s[:, stage.is_settled])).sum(axis=1), 1)
        yield _figure("cpu_s", stage.cpu_s / requests, cpu_s / modelled)


def _latencies(stage: FitStage, chosen: Mask, latency_s: Array) -> Iterator[ComparedFigure]:
    measured_s = stage.latency_s[stage.is_measured & chosen]
    modelled_s = latency_s[:, stage.is_settled & ~stage.is_failed & chosen]
    if len(measured_s) < 2 or not (~np.isnan(modelled_s)).any(axis=1).all():
        return
    yield _figure("mean_s", float(measured_s.mean()), np.nanmean(modelled_s, axis=1))
    for name, share in _QUANTILES.items():
        if name != "p99_s" or len(measured_s) >= _P99_MIN:
            yield _figure(name, float(np.quantile(measured_s, share)), np.nanquantile(modelled_s, share, axis=1))


def _figure(name: FigureName, measured: float, modelled: Array) -> ComparedFigure:
    error = float(modelled.std(ddof=1)) * math.sqrt(1 + 1 / len(modelled))
    return ComparedFigure(name=name, measured=measured, modelled=float(modelled.mean()), standard_error=error)
