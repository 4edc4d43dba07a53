"""Verifies a model: predicts loads, plays them live, and compares with the model's play of the same arrivals."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from simulator.calibration.model.calibrated_model import CalibratedModel, ModelRoute
from simulator.calibration.observing.machine import STEAL_SHARE
from simulator.calibration.observing.observed_service import ObservedService, RouteLoad
from simulator.calibration.prediction.predict import predict
from simulator.calibration.prediction.settings import PredictedService
from simulator.calibration.verification.bounds import FigureBound
from simulator.calibration.verification.live_load import MeasuredLoad, play_load
from simulator.calibration.verification.same_arrivals import same_arrivals
from simulator.calibration.verification.verification import Verification, verified_load
from simulator.model.text.quantities import latency_text, rate_text
from simulator.records.journal import Journal

if TYPE_CHECKING:
    from simulator.edge.live.live_settings import LiveSettings

# Figures that are shown even without a bound.
SHOWN: Final = ("p50", "p95", "throughput", "error_rate", "cpu")
DURATION_S: Final = 20.0
WARM_UP_S: Final = 2.0


class LoadBegan(NamedTuple):
    """A load is about to be played: the number of the run, of `total`."""

    rate_rps: float
    number: int
    total: int


class LoadPlayed(NamedTuple):
    """A load has been played."""

    rate_rps: float
    measured: MeasuredLoad


def routes_of(model: CalibratedModel) -> tuple[RouteLoad, ...]:
    """Return the requests of the model's routes, with bodies of their observed size."""
    return tuple(
        RouteLoad(route.path, route.method, route.weight, request_bytes=round(route.request_bytes), name=route.name)
        for route in model.routes
    )


def verify(
    model: CalibratedModel,
    service: ObservedService,
    settings: PredictedService,
    rates_rps: Sequence[float],
    bounds: Sequence[FigureBound],
    *,
    repeats: int = 1,
    live: LiveSettings | None = None,
    signals: bool = False,
    journal: Journal | None = None,
) -> Verification:
    """Play each rate `repeats` times and compare the figures with those of the model for the same arrivals.

    The routes of `service` are those that are requested; the prediction has the same mix. `live`: settings of real
    time; None: virtual time. `journal` gets `LoadBegan` and `LoadPlayed`.

    Raises:
        ScenarioError, ValueError: if the settings do not fit the model.
        BrokenRun: if the service cannot be launched, or a run failed.
        InterruptedRun: if it was interrupted.
    """
    settings = dataclasses.replace(settings, size=service.size)
    same_mix = with_mix(model, service)
    prediction = predict(same_mix, settings, rates_rps)
    shown = list(dict.fromkeys([*SHOWN, *(bound.figure for bound in bounds)]))
    together = len(rates_rps) * sum(bound.limit is None for bound in bounds)
    loads, number, total = [], 0, len(rates_rps) * repeats
    for row in prediction.rates:
        assert row.rate_rps is not None, "a prediction at rates"
        runs = []
        for repeat in range(repeats):
            number += 1
            if journal is not None:
                journal.publish(LoadBegan(row.rate_rps, number, total))
            measured = play_load(service, settings, row.rate_rps, settings.seed + repeat, live, signals=signals)
            if journal is not None:
                journal.publish(LoadPlayed(row.rate_rps, measured))
            runs.append(measured)
        same = same_arrivals(same_mix, service, settings, row.rate_rps, runs)
        loads.append(verified_load(row, same, runs, bounds, shown, max(1, together)))
    verification = Verification(
        model=model.name,
        target=service.target,
        service=settings.text(service.size),
        bounds=tuple(bounds),
        duration_s=settings.duration_s,
        warm_up_s=settings.warm_up_s,
        repeats=repeats,
        seed=settings.seed,
        loads=tuple(loads),
        warnings=(*prediction.warnings, *(f"extrapolation: {text}" for text in prediction.extrapolations)),
    )
    return dataclasses.replace(verification, warnings=(*verification.warnings, *_measurement_warnings(verification)))


def with_mix(model: CalibratedModel, service: ObservedService) -> CalibratedModel:
    """Return the model with the weights of the requests that are sent.

    Raises:
        ValueError: for a route that the model does not have.
    """
    known = {route.name: route for route in model.routes}
    routes: list[ModelRoute] = []
    for route, share in zip(service.routes, service.weights, strict=True):
        name = route.observed.name
        if name not in known:
            msg = f"route = {name}, must be one of the model's: {', '.join(known)}"
            raise ValueError(msg)
        routes.append(known[name].model_copy(update={"weight": share}))
    return model.model_copy(update={"routes": tuple(routes)})


def _measurement_warnings(verification: Verification) -> list[str]:
    """Return what makes the measured figures uncertain."""
    found = [
        f"the load client was late at {rate_text(load.rate_rps)}: "
        f"p99 {latency_text(max(run.late_p99_s for run in load.runs))}"
        for load in verification.loads
        if load.is_client_late
    ]
    stolen = [run.stolen for load in verification.loads for run in load.runs if not math.isnan(run.stolen)]
    if stolen and max(stolen) > STEAL_SHARE:
        found.append(f"the hypervisor gave up to {100 * max(stolen):.0f} % of the CPU time to others")
    return found
