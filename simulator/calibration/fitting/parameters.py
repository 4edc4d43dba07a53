"""The parameters of a fit as they are in the model file: names, intervals, origins, and the keys of a scenario."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final, assert_never

from simulator.calibration.fitting.candidate import CONNECTIONS, LOCK, AppStructure, Coordinate, Kind, ModelCandidate
from simulator.calibration.fitting.laws import TimeLaw
from simulator.calibration.fitting.uncertainty import SD_OF, Uncertainty
from simulator.calibration.model.calibrated_model import ModelParameter, ModelRoute

# A parameter whose interval is wider than this factor is one that the data cannot tell.
_WIDE: Final = 4.0
_NAMES: Final = {
    Kind.CPU_MEAN: "mean CPU time",
    Kind.CPU_CV: "standard deviation of the CPU time",
    Kind.IO_MEAN: "mean I/O time",
    Kind.IO_CV: "standard deviation of the I/O time",
    Kind.CALL_MEAN: "mean time with a connection or lock",
    Kind.CALL_CV: "standard deviation of the time with a connection or lock",
    Kind.CONTENTION: "contention",
    Kind.COHERENCY: "coherency",
}


def application_of(candidate: ModelCandidate, routes: Sequence[ModelRoute], more: dict[str, Any]) -> dict[str, Any]:
    """Return the section `application` of a scenario. `more`: further keys of `simulated`."""
    structure = candidate.structure
    simulated: dict[str, Any] = {**more, "cpu": candidate.cpu[0].spec(), "io": candidate.io[0].spec()}
    if structure.workers is not None:
        simulated["workers"] = structure.workers
    if structure.is_first_come:
        simulated["cpu_order"] = "first_come"
    if structure.parallelism is not None:
        simulated["parallelism"] = structure.parallelism
    if structure.visits > 1:
        simulated["cpu_visits"] = structure.visits
    if structure.is_contended:
        simulated["contention"] = _six(candidate.contention)
    if structure.is_coherent:
        simulated["coherency"] = _six(candidate.coherency)
    paths = {
        route.path: {"cpu": cpu.spec(), "io": io.spec()}
        for route, cpu, io in zip(routes[1:], candidate.cpu[1:], candidate.io[1:], strict=True)
    }
    if paths:
        simulated["paths"] = paths
    application: dict[str, Any] = {"simulated": simulated}
    if structure.pool is not None and candidate.call is not None:
        use: dict[str, Any] = {"connections": CONNECTIONS, "service": candidate.call.spec(), "pool": structure.pool}
        if structure.pool_routes:
            use["only_paths"] = [routes[route].path for route in structure.pool_routes]
        application["downstream"] = {LOCK: use}
    return application


def parameters_of(known: Uncertainty, routes: Sequence[ModelRoute]) -> Iterator[ModelParameter]:
    """Yield the continuous parameters with their 95 % intervals."""
    for coordinate in known.best.coordinates:
        factors = [coordinate]
        if coordinate.kind in SD_OF:
            factors.append(Coordinate(SD_OF[coordinate.kind], coordinate.route))
        value, low, high = known.interval(*factors)
        is_known = high <= _WIDE**2 * low
        yield ModelParameter(
            name=_name_of(coordinate, routes),
            unit="" if coordinate.kind in {Kind.CONTENTION, Kind.COHERENCY} else "s",
            value=value,
            low=min(low, value),
            high=max(high, value),
            how="fitted" if is_known else "unknown",
            key=_key(coordinate, routes),
            sentence=_sentence(known.best, coordinate) if is_known else "The observation hardly depends on it.",
        )


def _name_of(coordinate: Coordinate, routes: Sequence[ModelRoute]) -> str:
    is_of_route = coordinate.kind in {Kind.CPU_MEAN, Kind.CPU_CV, Kind.IO_MEAN, Kind.IO_CV}
    return f"{_NAMES[coordinate.kind]} of {routes[coordinate.route].name}" if is_of_route else _NAMES[coordinate.kind]


def _key(coordinate: Coordinate, routes: Sequence[ModelRoute]) -> tuple[str, ...]:
    match coordinate.kind:
        case Kind.CPU_MEAN | Kind.CPU_CV:
            return _of_route("cpu", coordinate.route, routes)
        case Kind.IO_MEAN | Kind.IO_CV:
            return _of_route("io", coordinate.route, routes)
        case Kind.CALL_MEAN | Kind.CALL_CV:
            return ("downstream", LOCK, "service")
        case Kind.CONTENTION:
            return ("simulated", "contention")
        case Kind.COHERENCY:
            return ("simulated", "coherency")
        case _:
            assert_never(coordinate.kind)


def _of_route(key: str, route: int, routes: Sequence[ModelRoute]) -> tuple[str, ...]:
    return ("simulated", key) if route == 0 else ("simulated", "paths", routes[route].path, key)


def _sentence(candidate: ModelCandidate, coordinate: Coordinate) -> str:
    law: TimeLaw | None = None
    match coordinate.kind:
        case Kind.CPU_CV:
            law = candidate.cpu[coordinate.route]
        case Kind.IO_CV:
            law = candidate.io[coordinate.route]
        case Kind.CALL_CV:
            law = candidate.call
        case Kind.CPU_MEAN | Kind.IO_MEAN | Kind.CALL_MEAN | Kind.CONTENTION | Kind.COHERENCY:
            return ""
        case _:
            assert_never(coordinate.kind)
    assert law is not None, coordinate
    return f"The {law.family.value} family agrees best."


def limit_parameter(name: str, value: int | None, low: int, high: int | None, highest: str) -> ModelParameter:
    """Return a limit of the structure. `highest`: a sentence about the load, for a limit that is unknown."""
    is_known = high is not None and value is not None
    keys = {"workers": ("simulated", "workers"), "pool": ("downstream", LOCK, "pool")}
    names = {"workers": "workers", "pool": "connections or locks of an instance"}
    return ModelParameter(
        name=names[name],
        unit="",
        value=value,
        low=low,
        high=None if high is None else float(high),
        how="fitted" if is_known else "unknown",
        key=keys[name] if value is not None else (),
        sentence="" if is_known else highest,
    )


def structure_sentence(structure: AppStructure) -> str:
    """Return what the application does with requests that wait for each other."""
    return f"The requests wait for each other as in {structure}."


def _six(value: float) -> float:
    return float(f"{value:.6g}") if math.isfinite(value) else 0.0
