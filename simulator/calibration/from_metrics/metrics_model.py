"""Calibrates a model from the metrics of minutes: the CPU time, the time without CPU, and a set of models for the rest.

What metrics of minutes cannot tell (how an instance orders its CPU work, how many requests it processes at once, how
much the CPU time varies) differs between the members, each of which agrees with the metrics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from simulator import __version__
from simulator.calibration.from_metrics.busy_window import BusyWindow
from simulator.calibration.from_metrics.candidate_runs import MeteredService
from simulator.calibration.from_metrics.cpu_demand import CpuDemand, cpu_demand, instances_of, steady, utilization_of
from simulator.calibration.from_metrics.load_levels import LevelFigure, MeteredLevel, load_levels
from simulator.calibration.from_metrics.model_set import ModelSearch, WeightedCandidate
from simulator.calibration.members import interval_of, resampled
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
from simulator.lab.minutes.service_minutes import MINUTE_S, Floats, ServiceMinutes
from simulator.rules.stations.cpu_use import CpuOrder
from simulator.world.clock import utc_now

CANDIDATES: Final = 90
IDLE: Final = "CPU utilization of an idle instance"
_METHOD: Final = (
    "CPU time by regression of utilization on requests; a set of models, weighted by the likelihood of latency and "
    "utilization at each level of load."
)
_FIGURES: Final = {
    "latency_mean_s": "mean_s",
    "latency_p50_s": "p50_s",
    "latency_p95_s": "p95_s",
    "latency_p99_s": "p99_s",
}
# Differences of less than this many standard errors count as agreement.
_AGREEMENT: Final = math.sqrt(2)
# The utilization above which a CPU limit shows in the latency.
_HIGH: Final = 0.6


def calibrate_metrics(
    minutes: ServiceMinutes,
    service: MeteredService,
    name: str,
    files: Sequence[ObservedFile] = (),
    *,
    seed: int = 1,
    candidates: int = CANDIDATES,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> CalibratedModel:
    """Return the model. `tell` gets the number of candidates that were played, and of all.

    Raises:
        NotEnough: if the metrics do not tell what a model needs; the message says what is missing.
    """
    vcpu = service.size.vcpu
    instances = instances_of(minutes, service.min_size, service.max_size)
    demand = cpu_demand(minutes, instances, vcpu)
    levels = load_levels(minutes, instances, utilization_of(demand, minutes, instances, vcpu))
    window = BusyWindow(minutes, service)
    found = ModelSearch(levels, window, demand, service, seed, candidates).run(tell)
    draws = resampled(np.array([each.weight for each in found]))
    observed = _observed(minutes, instances, service)
    return CalibratedModel(
        name=name,
        application=found[0].candidate.application(),
        routes=(ModelRoute(name="GET /", path="/", weight=1.0),),
        parameters=tuple(_parameters(demand, found, minutes, service)),
        members=tuple(
            ModelMember(weight=count, application=found[number].candidate.application())
            for number, count in draws.items()
        ),
        fit=Fit(stages=tuple(_stages(levels, found[0], demand))),
        observed=observed,
        unknown=tuple(_unknown(found, observed)),
        warnings=tuple(_warnings(found, service)),
        provenance=Provenance(
            files=tuple(files),
            target="metrics of CloudWatch",
            method=_METHOD,
            made_at=utc_now().isoformat(timespec="seconds"),
            simulator_version=__version__,
            seed=seed,
        ),
    )


def _parameters(
    demand: CpuDemand, found: Sequence[WeightedCandidate], minutes: ServiceMinutes, service: MeteredService
) -> Iterator[ModelParameter]:
    best = found[0].candidate
    yield ModelParameter(
        name="mean CPU time of a request",
        unit="s",
        value=best.cpu_s,
        low=min(demand.low_s, best.cpu_s),
        high=max(demand.high_s, best.cpu_s),
        how="fitted",
        key=("simulated", "cpu"),
        sentence=f"Regression of utilization x instances x vCPUs on requests, over {demand.minutes} minutes.",
    )
    yield _spread("coefficient of variation of the CPU time", [each.candidate.cpu_cv for each in found], found)
    for place, what in enumerate(("median", "95th percentile", "99th percentile")):
        values = [each.candidate.io_s[place] for each in found]
        yield _spread(f"{what} of the time without CPU", values, found, "s", ("simulated", "io"))
    yield _workers(found)
    yield ModelParameter(
        name=IDLE,
        unit="share",
        value=demand.idle_share,
        low=None,
        high=None,
        how="fitted",
        sentence="Utilization at no requests, by the same regression; the application of the model does not have it.",
    )
    memory = minutes.memory[np.isfinite(minutes.memory)]
    if len(memory) and memory.max() > 0:
        size = service.size.memory_mb * 1024.0**2
        yield ModelParameter(
            name="memory in use",
            unit="bytes",
            value=float(np.median(memory)) * size,
            low=float(memory.min()) * size,
            high=float(memory.max()) * size,
            how="measured",
            sentence="Median, smallest and largest of the minutes.",
        )


def _spread(
    name: str,
    values: Sequence[float],
    found: Sequence[WeightedCandidate],
    unit: str = "",
    key: tuple[str, ...] = (),
) -> ModelParameter:
    low, high = interval_of(np.array(values), np.array([each.weight for each in found]))
    return ModelParameter.model_validate(
        {
            "name": name,
            "unit": unit,
            "value": values[0],
            "low": min(low, values[0]),
            "high": max(high, values[0]),
            "how": "fitted",
            "key": key,
            "sentence": "The interval has the members of the set.",
        }
    )


def _workers(found: Sequence[WeightedCandidate]) -> ModelParameter:
    limits = np.array([math.inf if each.candidate.workers is None else each.candidate.workers for each in found])
    low, high = interval_of(limits, np.array([each.weight for each in found]))
    best = found[0].candidate.workers
    unlimited = math.isinf(high)
    return ModelParameter(
        name="workers",
        unit="",
        value=best,
        low=None if math.isinf(low) else min(low, best or low),
        high=None if unlimited else max(high, best or high),
        how="unknown" if unlimited or high > 2 * low else "fitted",
        key=() if best is None else ("simulated", "workers"),
        sentence="Members without a limit agree with the metrics too." if unlimited else "",
    )


def _stages(levels: Sequence[MeteredLevel], best: WeightedCandidate, demand: CpuDemand) -> Iterator[StageFit]:
    for number, (level, modelled) in enumerate(zip(levels, best.figures, strict=True)):
        figures = [
            _compared(_FIGURES[name], level.figures[name], modelled[name])
            for name in _FIGURES
            if name in level.figures and name in modelled
        ]
        yield StageFit(
            stage=number,
            rate_rps=level.rate_of_one_rps,
            utilization=max(0.0, level.figures["cpu"].mean - demand.idle_share),
            figures=tuple(figures),
        )


def _compared(name: str, measured: LevelFigure, modelled: LevelFigure) -> ComparedFigure:
    values = math.exp(measured.mean), math.exp(modelled.mean)
    error = math.hypot(measured.error, modelled.error) * values[0]
    return ComparedFigure.model_validate(
        {"name": name, "measured": values[0], "modelled": values[1], "standard_error": error}
    )


def _observed(minutes: ServiceMinutes, instances: Floats, service: MeteredService) -> ObservedRange:
    used = steady(instances) & (minutes.requests > 0)
    in_flight = minutes.concurrency[used] / instances[used]
    known = in_flight[np.isfinite(in_flight)]
    size = service.size
    return ObservedRange(
        rate_max_rps=float((minutes.requests[used] / instances[used]).max()) / MINUTE_S,
        utilization_max=float(np.nanmax(minutes.cpu[used])),
        in_flight_max=float(known.max()) if len(known) else None,
        max_concurrency=service.max_concurrency,
        sizes=(ModelSize(cpu_units=size.cpu_units, memory_mb=size.memory_mb),),
    )


def _unknown(found: Sequence[WeightedCandidate], observed: ObservedRange) -> Iterator[str]:
    total = sum(each.weight for each in found)
    share = sum(each.weight for each in found if each.candidate.cpu_order is CpuOrder.FIRST_COME) / total
    if 0.05 < share < 0.95:
        yield (
            f"how an instance orders its CPU work is unknown: first come, first served with a probability of "
            f"{share:.0%}, otherwise shared"
        )
    if (observed.utilization_max or 0.0) < _HIGH:
        yield (
            f"utilization never exceeded {observed.utilization_max:.0%}, so what happens near the limit of the CPU is "
            "unknown"
        )
    limits = [each.candidate.workers for each in found if each.weight > 0.05 * found[0].weight]
    if None in limits:
        least = min((limit for limit in limits if limit is not None), default=None)
        yield (
            "the worker limit is unknown: " + (f"{least} or more, or none" if least else "no limit was seen")
            + (f"; at most {observed.in_flight_max:.1f} requests were in progress in an instance on average"
               if observed.in_flight_max else "")
        )  # fmt: skip
    yield "metrics have no routes: all requests are one route with the mix of the recording"
    yield "the start-up time of an instance is not in the metrics; the model starts at once"


def _warnings(found: Sequence[WeightedCandidate], service: MeteredService) -> Iterator[str]:
    if found[0].mean_error > _AGREEMENT:
        yield (
            "no candidate agrees with the metrics at every level of load and in the busiest hours: the best one "
            f"differs by {found[0].mean_error:.1f} standard errors on average"
        )
    if service.min_size != service.max_size:
        yield "the number of instances is taken from ActiveInstances, which counts only those that had a request"
