"""A model of a service from throughputs by concurrency: a simulated application whose throughput agrees with them.

The mechanisms are those of `closed_network`. As for the law, the simplest is chosen that the data do not contradict.
The members of the model are fits to throughputs that could have been measured as well: the fitted ones with random
errors of the size that the data have (parametric bootstrap), each with its own choice of the mechanisms.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from simulator import __version__
from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.calibration.members import MEMBERS
from simulator.calibration.model.calibrated_model import (
    CalibratedModel,
    ComparedFigure,
    Fit,
    ModelMember,
    ModelParameter,
    ModelRoute,
    ModelSize,
    ObservedFile,
    ObservedRange,
    Provenance,
    StageFit,
)
from simulator.calibration.scalability.closed_network import (
    ClosedNetwork,
    FittedNetwork,
    NetworkKind,
    fitted_network,
    has_io,
)
from simulator.calibration.scalability.scalability_fit import LEVEL, ScalabilityFit, improvement_p_value, lack_p_value
from simulator.lab.scalability.fit import ErrorModel
from simulator.lab.scalability.law import Floats
from simulator.model.sizes import InstanceSize
from simulator.world.clock import utc_now
from simulator.world.random_streams import RandomStreams

_HARDWARE: Final = "processors"  # the name of a load that no request is
_REFITS: Final = 100
_LARGE: Final = 0.1  # a difference that is named
_PER_SECOND: Final = frozenset({"rps", "throughput_rps"})
# Throughputs depend on the mean times only, so they tell nothing about the distribution. Members have coefficients of
# variation from nearly constant times to those of a service with two kinds of requests; the best value is in between.
_CV: Final = 0.7
_CVS: Final = (0.2, 1.5)


class NoCapacityModel(ValueError):
    """The throughputs have no model of an instance; the message says why."""


class _Data(NamedTuple):
    loads: Floats
    throughputs: Floats
    vcpu: float
    errors: ErrorModel

    @property
    def has_io(self) -> bool:
        return has_io(self.loads, self.vcpu)


def capacity_model(
    fit: ScalabilityFit, name: str, file: ObservedFile, size: InstanceSize | None, seed: int = 1
) -> CalibratedModel:
    """Return the model of one instance, in which the loads were requests in progress.

    `size`: of the instance; None: unknown, taken as the default.

    Raises:
        NoCapacityModel: if the loads are no requests in progress.
        MissingLibrary: if scipy is not installed.
    """
    capacity = fit.capacity
    if capacity.load_name.lower() == _HARDWARE:
        msg = "the loads are processors, and a model is one instance of a fixed size under load"
        raise NoCapacityModel(msg)
    broken = capacity.loads[capacity.loads != np.round(capacity.loads)]
    if len(broken):
        msg = f"a load is {broken[0]:g}, and requests in progress are whole numbers"
        raise NoCapacityModel(msg)
    known = size or InstanceSize()
    data = _Data(capacity.loads, capacity.throughputs, known.vcpu, fit.chosen.errors)
    chosen = _chosen(data, None)
    refits = _refits(data, chosen, seed)
    members = refits[:MEMBERS]
    cvs = _variations(seed)
    modelled = chosen.network.throughput(data.loads, data.vcpu)
    spread = _spread(data, chosen)
    return CalibratedModel(
        name=name,
        application={"simulated": _simulated(chosen.network, (_CV, _CV))},
        routes=(ModelRoute(name="GET /", path="/", weight=1.0),),
        parameters=tuple(_parameters(data, chosen, refits)),
        members=tuple(
            ModelMember(weight=1.0, application={"simulated": _simulated(network, (cpu, io))})
            for network, (cpu, io) in zip(members, cvs, strict=True)
        ),
        fit=Fit(
            stages=tuple(
                StageFit(
                    stage=number,
                    rate_rps=measured,
                    figures=(
                        ComparedFigure(
                            name="throughput_rps",
                            measured=measured,
                            modelled=value,
                            standard_error=spread * (value if data.errors is ErrorModel.RELATIVE else 1.0),
                        ),
                    ),
                )
                for number, (measured, value) in enumerate(
                    zip(data.throughputs.tolist(), modelled.tolist(), strict=True), 1
                )
            )
        ),
        observed=ObservedRange(
            rate_max_rps=float(data.throughputs.max()),
            throughput_max_rps=float(data.throughputs.max()),
            in_flight_max=float(data.loads.max()),
            sizes=() if size is None else (ModelSize(cpu_units=size.cpu_units, memory_mb=size.memory_mb),),
        ),
        unknown=tuple(_unknown(data)),
        warnings=tuple(_warnings(data, chosen, fit, size, np.abs(data.throughputs / modelled - 1))),
        provenance=Provenance(
            files=(file,),
            target=capacity.name,
            method=f"The parameters were fitted to the throughputs of a closed network: {chosen.kind}.",
            made_at=utc_now().isoformat(timespec="seconds"),
            simulator_version=__version__,
            seed=seed,
        ),
    )


def _chosen(data: _Data, near: ClosedNetwork | None) -> FittedNetwork:
    """Return the simplest network that the data do not contradict beside the next ones."""
    best: FittedNetwork | None = None
    chosen: FittedNetwork | None = None
    for kind in NetworkKind:
        fitted = fitted_network(data.loads, data.throughputs, data.vcpu, kind, data.errors, near)
        freedom = len(data.loads) - fitted.coefficients
        if best is None or chosen is None:
            best = chosen = fitted
        elif freedom >= 1:
            if improvement_p_value(best.squares, fitted.squares, 1, freedom) < LEVEL:
                chosen = fitted
            best = fitted
    assert chosen is not None, "there are kinds"
    return chosen


def _spread(data: _Data, fitted: FittedNetwork) -> float:
    return math.sqrt(fitted.squares / max(1, len(data.loads) - fitted.coefficients))


def _refits(data: _Data, chosen: FittedNetwork, seed: int) -> list[ClosedNetwork]:
    """Return fits to throughputs with random errors, whose size is as uncertain as so few data leave it."""
    rng = RandomStreams(seed).stream("capacity", "errors")
    freedom = max(1, len(data.loads) - chosen.coefficients)
    modelled, spread = chosen.network.throughput(data.loads, data.vcpu), _spread(data, chosen)
    found = []
    for _ in range(_REFITS):
        errors = spread * math.sqrt(freedom / rng.chisquare(freedom)) * rng.standard_normal(len(modelled))
        if data.errors is ErrorModel.RELATIVE:
            throughputs = modelled * np.exp(errors)
        else:
            throughputs = np.maximum(modelled + errors, modelled / 100)
        found.append(_chosen(data._replace(throughputs=throughputs), chosen.network).network)
    return found


def _variations(seed: int) -> list[tuple[float, float]]:
    """Return the coefficients of variation of the CPU and the I/O time of each member."""
    rng = RandomStreams(seed).stream("capacity", "variations")
    low, high = map(math.log, _CVS)
    even = low + (high - low) * (np.arange(MEMBERS) + 0.5) / MEMBERS
    return [(float(cpu), float(io)) for cpu, io in np.exp([rng.permutation(even), rng.permutation(even)]).T]


def _simulated(network: ClosedNetwork, cvs: tuple[float, float]) -> dict[str, Any]:
    cpu, io = (
        TimeLaw(Family.GAMMA if mean_s > 0 else Family.CONSTANT, mean_s, cv).spec()
        for mean_s, cv in zip((network.cpu_s, network.io_s), cvs, strict=True)
    )
    slowing = {"contention": network.contention, "coherency": network.coherency}
    return {"cpu": cpu, "io": io, **{key: float(f"{value:.6g}") for key, value in slowing.items() if value > 0}}


def _parameters(data: _Data, chosen: FittedNetwork, refits: Sequence[ClosedNetwork]) -> Iterator[ModelParameter]:
    kinds = [("mean CPU time of GET /", "s", "cpu_s", "cpu")]
    if data.has_io:
        kinds.append(("mean I/O time of GET /", "s", "io_s", "io"))
    kinds += [("contention", "", "contention", "contention"), ("coherency", "", "coherency", "coherency")]
    for name, unit, field, key in kinds:
        value = getattr(chosen.network, field)
        low, high = np.quantile([getattr(each, field) for each in refits], (0.025, 0.975)).tolist()
        if high <= 0 and not unit:
            continue  # no fit has it
        yield ModelParameter.model_validate(
            {
                "name": name,
                "unit": unit,
                "value": value,
                "low": min(low, value),
                "high": max(high, value),
                "how": "fitted",
                "key": ("simulated", key) if value > 0 or unit else (),
                "sentence": "The interval has fits to throughputs that could have been measured as well.",
            }
        )


def _unknown(data: _Data) -> Iterator[str]:
    yield (
        "Throughputs depend on mean times only: the distributions of the times are unknown. Members have coefficients "
        f"of variation from {_CVS[0]:g} to {_CVS[1]:g}, so quantiles of latency have wide intervals."
    )
    if not data.has_io:
        yield (
            f"There were never more than {data.vcpu:g} requests in progress, as many as vCPUs: what is CPU and what is "
            "I/O is unknown; all is taken as CPU."
        )
    yield "A capacity test has no routes, no memory and no start-up: all requests are one route, and it starts at once."


def _warnings(
    data: _Data, chosen: FittedNetwork, fit: ScalabilityFit, size: InstanceSize | None, differences: Floats
) -> Iterator[str]:
    if size is None:
        yield (
            f"The size of the instance is unknown and taken as {InstanceSize()}: with more vCPUs the same throughputs "
            "mean more contention. Give it with --cpu and --memory."
        )
    if fit.capacity.throughput_name.lower() not in _PER_SECOND:
        yield f"The column {fit.capacity.throughput_name} is taken as requests/s."
    lack = lack_p_value(fit.capacity, data.errors, chosen.squares, chosen.coefficients)
    if lack < LEVEL or differences.max() > _LARGE:
        at = data.loads[np.argmax(differences)]
        yield (
            f"The model differs from the measurement by up to {differences.max():.0%}, at {at:g} requests in progress."
        )
    if int(data.loads.max()) > 1 and float(data.loads[np.argmax(data.throughputs)]) == float(data.loads.max()):
        yield (
            f"The throughput was still highest at {data.loads.max():g} requests in progress: the capacity beyond is "
            "that of the model, not of a measurement."
        )
