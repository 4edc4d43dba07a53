"""Plays a model with the arrivals of a measured stage, so that only its work differs from the measurement."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.calibration_live.figures import StageFigures, figures_of
from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.observation.observation import LoadStage
from simulator.calibration.observing.level import REST_S, Level, with_traffic
from simulator.calibration.observing.observed_service import ObservedService, RouteLoad
from simulator.calibration.observing.stage_meter import StageMeter
from simulator.lab.backend_names import AUTO
from simulator.lab.compare.backends import kind_of
from simulator.replay.runner import play
from simulator.scenario.scenario import ScenarioSpec

DRAWS: Final = 40


def replayed(
    model: CalibratedModel, routes: tuple[RouteLoad, ...], stage: LoadStage, draws: int = DRAWS
) -> list[StageFigures]:
    """Return the figures of the stage by draw: each is a model that the data allow, with random times of its own."""
    members = [member.application for member in model.members] or [model.application]
    chosen = [members[draw * len(members) // draws] for draw in range(draws)]
    with tempfile.TemporaryDirectory() as folder:
        traffic = list(_traffic(stage, routes, Path(folder)))
        return [_played(model, member, routes, stage, traffic, seed) for seed, member in enumerate(chosen)]


def _traffic(stage: LoadStage, routes: tuple[RouteLoad, ...], folder: Path) -> Iterator[dict[str, Any]]:
    """Yield a source for each route, with a file of the times at which its requests were sent."""
    requests = stage.requests
    sent_s = requests.sent_s + requests.late_s
    for number, route in enumerate(routes):
        times = np.sort(sent_s[requests.route == number])
        if not len(times):
            continue
        file = folder / f"route-{number}.csv"
        file.write_text("\n".join(["sent", *(f"{time_s - times[0]:.6f}" for time_s in times)]) + "\n", encoding="ascii")
        yield {
            "name": f"route-{number}",
            "service": "app",
            "from": f"{REST_S + times[0]:.6f}s",
            "trace": {"file": str(file), "format": "seconds"},
            "requests": [route.request],
        }


def _played(
    model: CalibratedModel,
    application: Any,
    routes: tuple[RouteLoad, ...],
    stage: LoadStage,
    traffic: list[dict[str, Any]],
    seed: int,
) -> StageFigures:
    size = model.observed.sizes[0].value
    service = ObservedService.of_application(application, size, routes, target=model.name)
    level = Level(stage.number, stage.rate_rps, stage.warm_up_s, stage.duration_s - stage.warm_up_s)
    scenario: ScenarioSpec = with_traffic(service.prepared(), traffic, REST_S + level.duration_s, seed)
    run = kind_of(AUTO, scenario, DRAWS).prepare(scenario)
    meter = StageMeter(service, level, run.journal)
    run.rows = meter
    play(run, signals=False)
    return figures_of(meter.stage(stage.duration_s, ""))
