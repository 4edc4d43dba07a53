"""Calibrates a model from observations of stepped load: the entry point of this folder."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from simulator import __version__
from simulator.calibration.disagreement import disagreements
from simulator.calibration.fitting import direct
from simulator.calibration.fitting.candidate import ModelCandidate
from simulator.calibration.fitting.comparison import stage_fits
from simulator.calibration.fitting.discrepancy.embedded import Discrepancy, differences, embedded
from simulator.calibration.fitting.fit_stage import FitStage, NotCalibrated, fit_stages, left_out
from simulator.calibration.fitting.parameters import application_of, limit_parameter, parameters_of, structure_sentence
from simulator.calibration.fitting.search import Found, Search
from simulator.calibration.fitting.uncertainty import P_MIN, LimitProfile, Uncertainty, integer_interval, uncertainty
from simulator.calibration.fitting.unloaded.measured_times import unloaded_times
from simulator.calibration.fitting.unloaded.samples import unloaded_samples
from simulator.calibration.model.calibrated_model import (
    CalibratedModel,
    Fit,
    GoodnessOfFit,
    ModelMember,
    ModelParameter,
    ModelRoute,
    ModelSize,
    ObservedFile,
    ObservedRange,
    Provenance,
)
from simulator.calibration.observation.observation import ServiceObservation
from simulator.world.clock import utc_now

__all__ = ["GivenObservation", "NotCalibrated", "calibrated"]

_MEMBERS: Final = 40
# Below this use of the CPU the observation says little about what happens near saturation.
_LIGHT: Final = 0.6
_METHOD: Final = (
    "The parameters were fitted by comparing the latencies and CPU times of each load stage with those of the model at"
    " the same arrivals."
)


class GivenObservation(NamedTuple):
    """An observation with its file."""

    observation: ServiceObservation
    file: ObservedFile


def calibrated(given: Sequence[GivenObservation], name: str, seed: int = 1) -> CalibratedModel:
    """Return the model that agrees best with the observations.

    Args:
        given: observations of one service under stepped load; sizes may differ, routes must be the same.
        name: of the service in scenarios.
        seed: of the plays of the model.

    Raises:
        NotCalibrated: if the observations do not allow a calibration, with the reason.
    """
    observations = [each.observation for each in given]
    if not observations:
        msg = "there is no observation"
        raise NotCalibrated(msg)
    names = [", ".join(route.name for route in each.routes) for each in observations]
    for place, other in enumerate(names):
        if other != names[0]:
            msg = f"observation {place + 1} has other routes than the first: {other}, must be {names[0]}"
            raise NotCalibrated(msg)
    stages = fit_stages(observations)
    routes = _routes(observations)
    search = Search(stages, len(routes), seed, unloaded_samples(observations))
    found = search.found()
    known = uncertainty(found, seed)
    discrepancy = None
    if known.p_value < P_MIN or any(stage.is_live for stage in stages):
        found = search.with_discrepancy(found)
        known = dataclasses.replace(uncertainty(found, seed), p_value=known.p_value, chi_square=known.chi_square)
        differing = differences(found.likelihood, found.best, found.spread_plays)
        discrepancy = embedded(differing, found.best.candidate.coordinates)
    return _model(_Parts(given, stages, routes, found, known, discrepancy), name, seed)


class _Parts(NamedTuple):
    given: Sequence[GivenObservation]
    stages: list[FitStage]
    routes: tuple[ModelRoute, ...]
    found: Found
    known: Uncertainty
    discrepancy: Discrepancy | None

    @property
    def observations(self) -> list[ServiceObservation]:
        return [each.observation for each in self.given]


def _routes(observations: Sequence[ServiceObservation]) -> tuple[ModelRoute, ...]:
    first = observations[0]
    routes = []
    for number, route in enumerate(first.routes):
        loads = [load for each in observations for load in each.loads]
        sent = [load.requests.request_bytes[load.requests.route == number] for load in loads]
        received = [load.requests.response_bytes[load.requests.route == number] for load in loads]
        method, _, path = route.name.partition(" ")
        routes.append(
            ModelRoute(
                name=route.name,
                method=method if method.isupper() and method.isalpha() else "GET",
                path=route.path or (path if path.startswith("/") else "/"),
                weight=max(route.weight, 1e-9),
                request_bytes=_mean(sent) or float(route.body_bytes),
                response_bytes=_mean(received),
            )
        )
    return tuple(routes)


def _mean(columns: Sequence[Any]) -> float:
    values = np.concatenate(columns) if columns else np.zeros(0)
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else 0.0


def _model(parts: _Parts, name: str, seed: int) -> CalibratedModel:
    found, known, routes = parts.found, parts.known, parts.routes
    start, start_stages = direct.start_up(parts.observations)
    failures = direct.failure_share(parts.stages)
    measured = (start, failures, direct.memory(parts.observations))
    quota = _quota(parts.stages[0])
    more = {key: value for part in measured for key, value in part.keys.items()} | quota
    limits = list(_limits(parts))
    parameters = [
        *parameters_of(known, routes),
        *limits,
        *(parameter for part in measured for parameter in part.parameters),
    ]
    members = _members(parts, seed)
    compared = tuple(stage_fits(found, routes))
    first = parts.observations[0]
    return CalibratedModel(
        name=name,
        application=application_of(known.best, routes, more),
        routes=routes,
        parameters=tuple(parameters),
        members=tuple(
            ModelMember(
                weight=1.0, application=application_of(each, routes, direct.of_member(measured, number) | quota)
            )
            for number, each in enumerate(members)
        ),
        fit=Fit(
            stages=compared,
            goodness=GoodnessOfFit(
                chi_square=known.chi_square, degrees_of_freedom=found.freedom, p_value=known.p_value
            ),
            unloaded=tuple(unloaded_times(parts.observations)),
        ),
        client_s=direct.client_s(parts.observations),
        start_up=start_stages,
        observed=_observed(parts),
        unknown=tuple(_unknown(parts, parameters)),
        warnings=(*_warnings(parts), *disagreements(compared)),
        provenance=Provenance(
            files=tuple(each.file for each in parts.given),
            target=first.target,
            method=f"{_METHOD} {structure_sentence(known.best.structure)}",
            made_at=utc_now().isoformat(timespec="seconds"),
            simulator_version=__version__,
            seed=seed,
        ),
    )


def _members(parts: _Parts, seed: int) -> list[ModelCandidate]:
    """Return what the data allow, with the discrepancy that the model may have at a further load."""
    members = parts.known.members(_MEMBERS)
    if parts.discrepancy is None:
        return members
    is_live = any(stage.is_live for stage in parts.stages)
    discrepancy = parts.discrepancy.in_another_run() if is_live else parts.discrepancy
    return discrepancy.varied(members, seed)


def _quota(stage: FitStage) -> dict[str, Any]:
    quota = stage.quota
    if quota is None:
        return {}
    return {"cpu_quota": {"period": f"{1000 * quota.period_s:g}ms", "cores": quota.cores}}


def _limits(parts: _Parts) -> Iterator[ModelParameter]:
    profile = LimitProfile(parts.found)
    structure = parts.known.best.structure
    sentence = f"{_load_sentence(parts)} Fewer would have been seen."
    low, high = integer_interval(parts.known, parts.found, profile, "workers")
    yield limit_parameter("workers", structure.workers, low, high, sentence)
    if structure.pool is not None:
        low, high = integer_interval(parts.known, parts.found, profile, "pool")
        yield limit_parameter("pool", structure.pool, low, high, sentence)
    if structure.parallelism is not None:
        yield ModelParameter(
            name="processors used at a time",
            unit="",
            value=structure.parallelism,
            low=structure.parallelism,
            high=structure.parallelism,
            how="fitted",
            key=("simulated", "parallelism"),
        )
    if structure.visits > 1:
        yield ModelParameter(
            name="parts in which a request computes",
            unit="",
            value=structure.visits,
            low=None,
            high=None,
            how="fitted",
            key=("simulated", "cpu_visits"),
            sentence="The nearest of 2, 4 and 8.",
        )


def _load_sentence(parts: _Parts) -> str:
    used = parts.found.capacity.utilization
    if math.isfinite(used):
        return f"Load never exceeded {100 * min(used, 1.0):.0f} % of the CPU."
    return f"Load never exceeded {parts.found.capacity.throughput_rps:.3g} requests/s."


def _observed(parts: _Parts) -> ObservedRange:
    capacity = parts.found.capacity
    sizes = {each.size: None for each in parts.observations if each.size is not None}
    limits = [each.max_concurrency for each in parts.observations if each.max_concurrency is not None]
    return ObservedRange(
        rate_max_rps=max(stage.rate_rps for stage in parts.stages),
        throughput_max_rps=capacity.throughput_rps,
        utilization_max=capacity.utilization if math.isfinite(capacity.utilization) else None,
        in_flight_max=max(stage.in_flight for stage in parts.stages),
        max_concurrency=max(limits, default=None),
        sizes=tuple(ModelSize(cpu_units=size.cpu_units, memory_mb=size.memory_mb) for size in sizes),
    )


def _unknown(parts: _Parts, parameters: Sequence[ModelParameter]) -> Iterator[str]:
    capacity = parts.found.capacity
    for each in parameters:
        if each.how == "unknown" and each.name == "workers":
            yield f"{_load_sentence(parts)} The worker limit is unknown, {each.low:.0f} or more."
        elif each.how == "unknown":
            yield f"The observation hardly depends on the {each.name}: it is unknown."
    if not capacity.is_saturated:
        yield (
            f"{_load_sentence(parts)} The instance was never saturated, so its capacity is that of the model, not of a"
            " measurement."
        )
    if not math.isfinite(capacity.utilization):
        yield "The CPU time of the instance was not measured: what is CPU and what is I/O follows from latencies alone."


def _warnings(parts: _Parts) -> Iterator[str]:
    found = parts.found
    yield from left_out(parts.observations)
    if parts.discrepancy is not None and (text := parts.discrepancy.text):
        yield (
            "From load to load, the measurement differs from the model as if the application changed: "
            f"{text}. The intervals of predictions contain this."
        )
    if found.capacity.utilization < _LIGHT and not found.capacity.is_saturated:
        yield f"{_load_sentence(parts)} Predictions at higher loads are extrapolations."
    for place, observation in enumerate(parts.observations):
        machine = observation.machine
        if machine.cores and machine.load_before > machine.cores and not observation.is_virtual:
            yield (
                f"The machine of observation {place + 1} was busy before it began: load {machine.load_before:.1f} on"
                f" {machine.cores} processors."
            )
