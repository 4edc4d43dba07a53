"""The experiment with one application: observed, calibrated, then measured at loads that were not observed."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks.calibration_live.applications import Application
from benchmarks.calibration_live.figures import Compared, compared, figures_of
from benchmarks.calibration_live.replayed import replayed
from simulator.calibration.fitting.calibrate import GivenObservation, calibrated
from simulator.calibration.model.calibrated_model import CalibratedModel, ObservedFile
from simulator.calibration.model.model_file import write_model
from simulator.calibration.observation.observation import LoadStage, ServiceObservation
from simulator.calibration.observation.observation_file import SUFFIX, sha256_of, write_observation
from simulator.calibration.observing.level_search import figures_of as search_figures
from simulator.calibration.observing.observed_service import ObservedService, RouteLoad
from simulator.calibration.observing.observer import Observer
from simulator.edge.live.live_settings import LiveSettings

# Loads that are predicted, as shares of the saturation rate that was found; the last one exceeds it.
SHARES: Final = (0.35, 0.60, 0.85)
OVERLOAD: Final = 1.25


@dataclass(frozen=True, slots=True)
class Times:
    """How long the parts of an experiment take, in seconds, and the seed of its arrivals."""

    observe_s: float = 60.0
    level_s: float = 10.0
    overload_s: float = 6.0
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Experiment:
    """The result of an experiment. `load_average`: of the machine before and after. `structure`: that of the model.

    `notes`: what limits the use of the observation and of the model.
    """

    application: str
    structure: str
    rows: tuple[Compared, ...]
    notes: tuple[str, ...]
    load_average: tuple[float, float]


def experiment(application: Application, times: Times, keep: Path) -> Experiment:
    """Do the experiment, or read its result if it is in the folder `keep`, in which the observations of calibration and
    of the held-out loads, the model and the result are written.
    """
    stem = f"{application.name}-{times.seed}"
    result = keep / f"{stem}.result.json"
    if result.exists():
        return _read(result)
    before = os.getloadavg()[0]
    service = service_of(application)
    with tempfile.TemporaryDirectory() as state:
        live = LiveSettings(Path(state))
        observation = Observer(service, times.seed, live, budget_s=times.observe_s, wakes=False).observe()
        file = keep / f"{stem}{SUFFIX}"
        write_observation(observation, file)
        saturation_rps = saturation_of(observation)
        rates = tuple(float(f"{share * saturation_rps:.3g}") for share in (*SHARES, OVERLOAD))
        below = _held_out(service, times.seed + 1, live, rates[:-1], times.level_s)
        above = _held_out(service, times.seed + 2, live, rates[-1:], times.overload_s)
    write_observation(below, keep / f"{stem}-held-out{SUFFIX}")
    write_observation(above, keep / f"{stem}-overload{SUFFIX}")
    after = os.getloadavg()[0]
    given = GivenObservation(observation, ObservedFile(name=file.name, sha256=sha256_of(file)))
    model = calibrated([given], application.name.replace("_", "-"))
    write_model(model, keep / f"{stem}.model.json")
    rows = tuple(compared_with(application.name, model, (*below.loads, *above.loads), service.routes))
    structure = model.provenance.method.rpartition(". ")[2]
    made = Experiment(application.name, structure, rows, (*model.warnings, *observation.notes), (before, after))
    result.write_text(json.dumps(asdict(made), indent=1) + "\n", encoding="utf-8")
    return made


def _read(result: Path) -> Experiment:
    made = json.loads(result.read_text(encoding="utf-8"))
    rows = tuple(Compared(**{**row, "warnings": tuple(row["warnings"])}) for row in made["rows"])
    before, after = made["load_average"]
    return Experiment(made["application"], made["structure"], rows, tuple(made["notes"]), (before, after))


def service_of(application: Application) -> ObservedService:
    """Return the service of an application as a process, with a health check of its route /health."""
    return ObservedService.of_application(
        {"process": {"command": application.arguments, "working_directory": str(application.folder)}},
        application.size,
        tuple(
            RouteLoad(route.path, route.method, route.weight, request_bytes=route.request_bytes)
            for route in application.routes
        ),
        target=application.name,
        service={"health_check": {"protocol": "HTTP", "path": "/health", "interval": "1s"}},
    )


def saturation_of(observation: ServiceObservation) -> float:
    """Return the rate at which the service was saturated: the most that it served of what exceeds that; without such a
    stage the highest rate. A short stage below saturation may serve more than was offered, or less, by chance.
    """
    served = {stage.number: figures_of(stage).served_rps for stage in observation.loads}
    saturated = [served[each.number] for each in observation.loads if search_figures(each).is_saturated(None)]
    return max(saturated or served.values())


def _held_out(
    service: ObservedService, seed: int, live: LiveSettings, rates: Sequence[float], level_s: float
) -> ServiceObservation:
    return Observer(service, seed, live, rates=tuple(rates), level_s=level_s, wakes=False).observe()


def compared_with(
    name: str,
    model: CalibratedModel,
    stages: Sequence[LoadStage],
    routes: tuple[RouteLoad, ...],
) -> Iterator[Compared]:
    """Yield the figures of the held-out stages, with the warnings that a prediction has for each.

    The last stage exceeds the capacity: it shows the saturation rate.
    """
    for place, stage in enumerate(stages):
        late = [f"the load client was late at {stage.rate_rps:g}/s"] if stage.is_client_late else []
        played = replayed(model, routes, stage)
        yield from compared(name, stage, model, played, saturated=place == len(stages) - 1, warnings=late)
