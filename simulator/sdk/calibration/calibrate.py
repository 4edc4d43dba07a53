"""Calibrations in Python."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulator.calibration.fitting.calibrate import GivenObservation, NotCalibrated, calibrated
from simulator.calibration.from_logs.log_model import CANDIDATES, LoggedService, calibrate_log
from simulator.calibration.from_logs.log_rows import CannotCalibrate, read_log
from simulator.calibration.model.calibrated_model import CalibratedModel, ObservedFile
from simulator.calibration.observation.observation_file import SUFFIX, read_observation, sha256_of, write_observation
from simulator.calibration.prediction.settings import parse_size
from simulator.ingest.input_file import InputFile
from simulator.model.sizes import InstanceSize
from simulator.sdk.calibration.observe import ObservationResult
from simulator.sdk.calibration.request_frame import rows_of_frame
from simulator.sdk.calibration.service_model import ServiceModel
from simulator.sdk.plain import is_frame
from simulator.sdk.progress import NotebookProgress, Progress
from simulator.sdk.run_in_thread import run_in_thread


def calibrate(
    given: Any,
    name: str = "service",
    *,
    instances: int | None = None,
    max_concurrency: int | None = None,
    size: str | None = None,
    seed: int = 1,
    progress: Progress = None,
) -> ServiceModel:
    """Fit a model to observations of a service, or to the requests of an access log.

    `given`: an observation or several, as `observe` returns them or as files; or requests as a data frame with their
    times and durations, or as a log that `simulator import` reads. `instances`, `max_concurrency` and `size` are those
    of the service that served the requests; an observation has them itself.

    Raises:
        NotCalibrated: if the observations or requests do not allow a calibration, with the reason.
        ScenarioError, ValueError: for a file or setting that cannot be used.
        MissingLibrary: without the extra lab.
    """
    several = list(given) if isinstance(given, list | tuple) else [given]
    if not several:
        msg = "given = nothing, must be observations, or requests with their durations"
        raise ValueError(msg)
    if all(_is_observation(each) for each in several):
        with NotebookProgress(progress, "calibrate", 1, name) as shown:
            return ServiceModel(run_in_thread(lambda: calibrated(_observations(several), name, seed), shown.stop))
    service = LoggedService(instances, max_concurrency, InstanceSize() if size is None else parse_size(size))
    with NotebookProgress(progress, "calibrate", CANDIDATES, name) as shown:
        try:
            return ServiceModel(
                run_in_thread(lambda: _of_requests(several, service, name, seed, shown), shown.stop),
            )
        except CannotCalibrate as error:
            raise NotCalibrated(str(error)) from error


def _is_observation(given: object) -> bool:
    return isinstance(given, ObservationResult) or (isinstance(given, str | Path) and str(given).endswith(SUFFIX))


def _observations(given: Sequence[Any]) -> list[GivenObservation]:
    found = []
    with tempfile.TemporaryDirectory(prefix="simulator-") as made:
        for number, each in enumerate(given):
            if isinstance(each, ObservationResult):
                path = Path(made) / f"observation-{number + 1}{SUFFIX}"
                write_observation(each.data, path)
            else:
                path = Path(each)
            found.append(GivenObservation(read_observation(path), ObservedFile(name=path.name, sha256=sha256_of(path))))
    return found


def _of_requests(
    given: Sequence[Any], service: LoggedService, name: str, seed: int, shown: NotebookProgress
) -> CalibratedModel:
    if len(given) == 1 and is_frame(given[0]):
        rows, files = rows_of_frame(given[0], seed), []
    else:
        paths = [Path(each) for each in given]
        rows = read_log([InputFile(path) for path in paths], seed)
        files = [ObservedFile(name=path.name, sha256=sha256_of(path)) for path in paths]
    return calibrate_log(rows, service, name, files, seed=seed, tell=lambda *_: shown.advance(name))


__all__ = ["NotCalibrated", "calibrate"]
