"""Calibration from recordings instead of observations: capacity files, CloudWatch metrics and access logs.

What a file is, is recognised by its content; files with the settings of the service may be among them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from simulator.calibration.from_logs.log_model import LoggedService, calibrate_log
from simulator.calibration.from_logs.log_rows import CannotCalibrate, read_log
from simulator.calibration.from_metrics.candidate_runs import MeteredService
from simulator.calibration.from_metrics.cpu_demand import NotEnough
from simulator.calibration.from_metrics.metric_files import is_metric_file, read_metrics
from simulator.calibration.from_metrics.metrics_model import calibrate_metrics
from simulator.calibration.model.calibrated_model import CalibratedModel, ObservedFile
from simulator.calibration.observation.observation_file import sha256_of
from simulator.calibration.scalability.capacity_file import is_capacity, read_capacity
from simulator.calibration.scalability.capacity_model import capacity_model
from simulator.calibration.scalability.scalability_fit import ScalabilityFit, fit_scalability
from simulator.ingest.input_file import InputFile
from simulator.ingest.service.service_settings import ServiceSettings, merged
from simulator.ingest.service.settings_files import is_settings, settings_of
from simulator.lab.minutes.service_minutes import ServiceMinutes
from simulator.model.sizes import InstanceSize, parse_cpu, parse_memory

_ZIP: Final = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class RecordedService:
    """The settings of the service that recordings do not have. Of a capacity test, the size of its instance.

    `instances`: how many served the load, if always as many. None: unknown, or the default of App Runner. `cpu` and
    `memory` are texts such as `0.5 vCPU` and `1 GB`.
    """

    instances: int | None = None
    min_size: int | None = None
    max_size: int | None = None
    max_concurrency: int | None = None
    cpu: str | None = None
    memory: str | None = None


class RecordingKind(StrEnum):
    """What the files are."""

    OBSERVATION = "observation"
    CAPACITY = "capacity"
    METRICS = "metrics"
    LOG = "log"


class TooLittle(ValueError):
    """Recordings do not tell enough for a calibration; the message has the reason."""


def recording_kind(files: Sequence[Path]) -> RecordingKind:
    """Return what the files are, by the content of the first that has no settings of a service.

    Raises:
        ScenarioError: if a file cannot be read.
    """
    for path in files:
        with path.open("rb") as stream:
            if stream.read(len(_ZIP)) == _ZIP:
                return RecordingKind.OBSERVATION
        file = InputFile(path)
        if is_settings(file):
            continue
        if is_capacity(file):
            return RecordingKind.CAPACITY
        return RecordingKind.METRICS if is_metric_file(file) else RecordingKind.LOG
    msg = "the files have the settings of a service only; give a log, metrics or an observation of it too"
    raise ValueError(msg)


def fitted_capacity(files: Sequence[Path]) -> ScalabilityFit:
    """Return the law of a capacity file.

    Raises:
        ScenarioError: if the file cannot be read.
        ValueError: for several files.
        MissingLibrary: if scipy is not installed.
    """
    if len(files) > 1:
        msg = f"{len(files)} files, must be one with throughputs by concurrency"
        raise ValueError(msg)
    return fit_scalability(read_capacity(InputFile(files[0])))


def modelled_capacity(fit: ScalabilityFit, file: Path, given: RecordedService, name: str, seed: int) -> CalibratedModel:
    """Return the model of an instance with these throughputs.

    Raises:
        NoCapacityModel: if there is none, with the reason.
        ValueError: for an option that a capacity test does not have, or an invalid size.
    """
    for option in ("instances", "min_size", "max_size", "max_concurrency"):
        value = getattr(given, option)
        if value is not None:
            msg = f"{option.replace('_', '-')} = {value}, must be left out: a capacity test is of one instance"
            raise ValueError(msg)
    size = None if given.cpu is None and given.memory is None else _size(given, ServiceSettings())
    return capacity_model(fit, name, ObservedFile(name=file.name, sha256=sha256_of(file)), size, seed)


def calibrated_recording(
    files: Sequence[Path],
    kind: RecordingKind,
    given: RecordedService,
    name: str,
    seed: int,
    tell: Callable[[int, int], None],
) -> CalibratedModel:
    """Return the model of metrics or of a log.

    Raises:
        ScenarioError: if a file cannot be read.
        TooLittle: if the recordings do not tell enough.
        ValueError: for a setting that is none.
    """
    inputs = [InputFile(path) for path in files]
    settings = merged(settings_of(file) for file in inputs if is_settings(file))
    recordings = [file for file in inputs if not is_settings(file)]
    observed = [ObservedFile(name=path.name, sha256=sha256_of(path)) for path in files]
    try:
        if kind is RecordingKind.METRICS:
            service = metered_service(given, settings)
            return calibrate_metrics(read_metrics(recordings), service, name, observed, seed=seed, tell=tell)
        logged = LoggedService(
            given.instances, given.max_concurrency or settings.max_concurrency, _size(given, settings)
        )
        rows = read_log(recordings, seed)
        return calibrate_log(rows, logged, name, observed, seed=seed, tell=tell)
    except (NotEnough, CannotCalibrate) as error:
        raise TooLittle(str(error)) from error


def metered_service(given: RecordedService, settings: ServiceSettings) -> MeteredService:
    """Return the service of metrics: by the options, else by the files with settings, else App Runner's defaults.

    Raises:
        ValueError: for sizes that exclude each other.
    """
    default = MeteredService()
    service = MeteredService(
        _size(given, settings),
        given.max_concurrency or settings.max_concurrency or default.max_concurrency,
        given.instances or given.min_size or settings.min_size or default.min_size,
        given.instances or given.max_size or settings.max_size or default.max_size,
    )
    if service.min_size > service.max_size:
        msg = f"min-size = {service.min_size}, must be at most max-size = {service.max_size}"
        raise ValueError(msg)
    return service


def recorded_minutes_of(paths: Sequence[Path]) -> ServiceMinutes:
    """Return the minutes of files with metrics; files with settings of the service may be among them.

    Raises:
        ScenarioError: if a file cannot be read, or has neither.
        ValueError: if there are settings only.
    """
    files = [file for file in map(InputFile, paths) if not is_settings(file)]
    others = [file for file in files if not is_metric_file(file)]
    if others:
        raise others[0].problem(1, "content", "no metrics", "metrics of CloudWatch, or settings of the service")
    if not files:
        msg = "metrics = settings of the service only, must have metrics of CloudWatch too"
        raise ValueError(msg)
    return read_metrics(files)


def verified_service(
    model: CalibratedModel, paths: Sequence[Path], given: RecordedService, size: InstanceSize | None
) -> MeteredService:
    """Return the service whose metrics a model is verified with: by what is given, else by the files with settings,
    else by the model, else App Runner's defaults.

    Raises:
        ScenarioError: if a file cannot be read.
        ValueError: for settings that exclude each other.
    """
    settings = merged(settings_of(file) for file in map(InputFile, paths) if is_settings(file))
    if given.instances is not None and (given.min_size is not None or given.max_size is not None):
        msg = f"instances = {given.instances}, must be left out with min-size or max-size, which let the service scale"
        raise ValueError(msg)
    slots = given.max_concurrency or model.observed.max_concurrency
    service = metered_service(replace(given, max_concurrency=slots), settings)
    chosen = service.size if settings.cpu or settings.memory else model.size
    return MeteredService(
        size or chosen,
        service.max_concurrency,
        service.min_size,
        service.max_size,
        "fixed" if given.instances is not None else service.policy,
    )


def _size(given: RecordedService, settings: ServiceSettings) -> InstanceSize:
    default = InstanceSize()
    cpu, memory = given.cpu or settings.cpu, given.memory or settings.memory
    units = default.cpu_units if cpu is None else parse_cpu(cpu)
    return InstanceSize(units, default.memory_mb if memory is None else parse_memory(memory))
