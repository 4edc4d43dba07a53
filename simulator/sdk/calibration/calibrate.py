"""Calibrations in Python."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulator.calibration.fitting.calibrate import GivenObservation, NotCalibrated, calibrated
from simulator.calibration.from_logs.log_model import CANDIDATES, LoggedService, calibrate_log
from simulator.calibration.from_logs.log_rows import CannotCalibrate, read_log
from simulator.calibration.from_metrics.metrics_model import CANDIDATES as METRICS_CANDIDATES
from simulator.calibration.model.calibrated_model import CalibratedModel, ObservedFile
from simulator.calibration.observation.observation_file import SUFFIX, read_observation, sha256_of, write_observation
from simulator.calibration.prediction.settings import parse_size
from simulator.calibration.recordings import (
    RecordedService,
    RecordingKind,
    TooLittle,
    calibrated_recording,
    fitted_capacity,
    modelled_capacity,
    recording_kind,
)
from simulator.calibration.scalability.capacity_model import NoCapacityModel
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
    min_size: int | None = None,
    max_size: int | None = None,
    max_concurrency: int | None = None,
    size: str | None = None,
    seed: int = 1,
    progress: Progress = None,
) -> ServiceModel:
    """Fit a model to observations of a service, to the requests of an access log, to CloudWatch's metrics, or to a
    capacity test.

    `given`: an observation or several, as `observe` returns them or as files; requests as a data frame with their times
    and durations, or as a log that `simulator import` reads; files with metrics of minutes; or a file of throughput by
    concurrency. What files are is recognised by their content; files with the settings of the service may be among
    them. `instances`, `min_size`, `max_size`, `max_concurrency` and `size` are those of the service that served the
    requests; an observation has them itself, and a capacity test has one instance of `size`.

    Raises:
        NotCalibrated: if what is given does not allow a calibration, with the reason.
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
    given_size = None if size is None else parse_size(size)
    if not any(map(is_frame, several)):
        paths = [Path(each) for each in several]
        kind = recording_kind(paths)
        if kind is not RecordingKind.LOG:
            recorded = RecordedService(instances, min_size, max_size, max_concurrency, *_size_texts(given_size))
            return ServiceModel(_of_recording(paths, kind, recorded, name, seed, progress))
    service = LoggedService(instances, max_concurrency, given_size or InstanceSize())
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


def _size_texts(size: InstanceSize | None) -> tuple[str | None, str | None]:
    return (None, None) if size is None else (f"{size.vcpu:g} vCPU", f"{size.memory_gb:g} GB")


def _of_recording(
    paths: Sequence[Path], kind: RecordingKind, service: RecordedService, name: str, seed: int, progress: Progress
) -> CalibratedModel:
    """Return the model of metrics or of a capacity test."""
    with NotebookProgress(progress, "calibrate", METRICS_CANDIDATES, name) as shown:

        def fitted() -> CalibratedModel:
            if kind is RecordingKind.CAPACITY:
                return modelled_capacity(fitted_capacity(paths), paths[0], service, name, seed)
            return calibrated_recording(paths, kind, service, name, seed, lambda *_: shown.advance(name))

        try:
            return run_in_thread(fitted, shown.stop)
        except (NoCapacityModel, TooLittle) as error:
            raise NotCalibrated(str(error)) from error


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
