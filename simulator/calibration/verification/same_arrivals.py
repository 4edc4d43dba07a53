"""Predicts a load with the arrivals of its live run: the model gets every request when the real service got it.

Near saturation the p95 of twenty seconds depends on how the arrivals happen to cluster, by 20 to 50 %. A prediction for
any arrivals of a rate contains that in its interval. With the measured arrivals only the times that requests take in
the service are left to chance, so the interval is narrower, and a wrong model is found that would pass otherwise.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.observing.observed_service import ObservedService
from simulator.calibration.prediction.draws import draws_of, members_of
from simulator.calibration.prediction.model_scenario import Application, scaled_to
from simulator.calibration.prediction.prediction import FIGURE_KINDS, RatePrediction, rate_prediction
from simulator.calibration.prediction.runs import RunFigures, backend_for, figures_of
from simulator.calibration.prediction.settings import PredictedService
from simulator.calibration.verification.live_load import (
    Floats,
    MeasuredLoad,
    SentRequests,
    usage_meter,
    with_load,
)
from simulator.lab.compare.backends import BackendKind
from simulator.replay.runner import play
from simulator.scenario.scenario import ScenarioSpec

_REPEATS_APART: Final = 1000  # between the seeds of a draw in two repeats: more than there are draws
_AFTER_S: Final = 1e-3  # of the traffic after the last request, which is then a part of it


def same_arrivals(
    model: CalibratedModel,
    service: ObservedService,
    settings: PredictedService,
    rate_rps: float,
    measured: Sequence[MeasuredLoad],
) -> RatePrediction:
    """Return the prediction of the median of the repeats in `measured`, each with its own arrivals.

    Raises:
        ScenarioError: if the settings do not fit the model.
        BrokenRun: if a run failed.
    """
    draws, members = draws_of(model, settings.seed), members_of(model)
    with tempfile.TemporaryDirectory(prefix="arrivals-") as folder:
        arrivals = [_arrivals(service, each.sent_s, Path(folder) / str(place)) for place, each in enumerate(measured)]
        scenarios = [[_scenario(member, service, settings, each) for each in arrivals] for member in members]
        backend = backend_for(scenarios[0][0], len(draws) * len(measured))
        runs = [
            _median(
                [
                    _played(scenario.with_seed(draw.seed + _REPEATS_APART * repeat), settings, backend)
                    for repeat, scenario in enumerate(scenarios[draw.member])
                ]
            )
            for draw in draws
        ]
    return rate_prediction(rate_rps, runs, draws, ())


_EMPTY: Final = RunFigures(None, None, None, 0.0, None, None, 0.0, 0.0)


class _Arrivals(NamedTuple):
    """Traffic of a scenario; the last request is sent before `until_s`."""

    sources: tuple[dict[str, Any], ...]
    until_s: float


def _arrivals(service: ObservedService, sent_s: Sequence[Floats], folder: Path) -> _Arrivals:
    """Return a source for each route, with a file of the times at which its requests were sent."""
    folder.mkdir()
    sources, last_s = [], 0.0
    for number, (route, times_s) in enumerate(zip(service.routes, sent_s, strict=True)):
        if not len(times_s):
            continue
        last_s = max(last_s, float(times_s[-1]))
        file = folder / f"route-{number}.csv"
        file.write_text("\n".join(["sent", *(f"{at_s - times_s[0]:.9f}" for at_s in times_s)]) + "\n", "ascii")
        sources.append(
            {
                "name": f"route-{number}",
                "from": f"{times_s[0]:.9f}s",
                "trace": {"file": str(file), "format": "seconds"},
                "requests": [route.request],
            }
        )
    return _Arrivals(tuple(sources), last_s + _AFTER_S)


def _scenario(
    application: Application,
    service: ObservedService,
    settings: PredictedService,
    arrivals: _Arrivals,
) -> ScenarioSpec:
    """Return the scenario of the live run with the model as the application, and with these arrivals."""
    modelled = ObservedService.of_application(
        scaled_to(application, service.size), service.size, service.routes, target=service.target
    )
    sources = [{**source, "service": modelled.name} for source in arrivals.sources]
    return with_load(modelled, settings, sources, settings.seed, arrivals.until_s)


def _played(scenario: ScenarioSpec, settings: PredictedService, backend: BackendKind) -> RunFigures:
    run = backend.prepare(scenario)
    run.rows = sent = SentRequests(settings)
    (name,) = scenario.services
    meter = usage_meter(run.journal, name, settings)
    return sent.replaced_in(figures_of(play(run, signals=False), name, meter, ()))


def _median(repeats: Sequence[RunFigures]) -> RunFigures:
    """Return the median of each figure over the repeats that have it."""
    values = {kind.name: [getattr(run, kind.name) for run in repeats] for kind in FIGURE_KINDS}
    known = {name: [value for value in own if value is not None] for name, own in values.items()}
    return _EMPTY._replace(**{name: statistics.median(own) for name, own in known.items() if own})
