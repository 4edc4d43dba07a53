"""Calibrates a model from an access log alone.

The durations of requests that arrived while hardly any other was in progress are their service times. How much of them
is CPU time, in which order it is used, and how many requests an instance processes at once show only where requests
disturb each other: candidates with each possibility are played with the log's own arrivals, in its densest part, and
weighted by the likelihood of the measured durations. What the load did not show differs between the members.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from simulator import __version__
from simulator.calibration.from_logs.busy_requests import BusyRequests
from simulator.calibration.from_logs.concurrency import ConcurrencyBin, in_progress, light_limit, slowdowns
from simulator.calibration.from_logs.log_rows import Integers, LogRows
from simulator.calibration.from_logs.service_law import ServiceLaw, service_law
from simulator.calibration.members import interval_of, resampled, weights_of
from simulator.calibration.model.calibrated_model import (
    CalibratedModel,
    ModelMember,
    ModelParameter,
    ModelRoute,
    ModelSize,
    ObservedFile,
    ObservedRange,
    Provenance,
)
from simulator.model.sizes import InstanceSize
from simulator.rules.stations.cpu_use import CpuOrder
from simulator.world.clock import utc_now
from simulator.world.random_streams import RandomStreams

CANDIDATES: Final = 100
_METHOD: Final = (
    "Service times of requests that arrived at light load; a set of models for the rest, weighted by the likelihood of "
    "the durations in the densest part of the log."
)
_WORKERS_MAX: Final = 256
_NO_LIMIT_SHARE: Final = 0.4
_CV_MAX: Final = 1.5
# A mean duration at the highest load that is larger by this share shows that requests disturb each other.
_DISTURBED: Final = 0.1
# Differences of less than this many standard errors count as agreement.
_AGREEMENT: Final = 2.0
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class LoggedService:
    """What a log does not have. `instances`: that served the requests; None: unknown, taken as one together.

    `max_concurrency`: of an instance, None if unknown. `size` matters for the CPU only.
    """

    instances: int | None = None
    max_concurrency: int | None = None
    size: InstanceSize = field(default_factory=InstanceSize)


class _Traits(NamedTuple):
    """What a log shows under load only. `cpu_share`: CPU time as a share of the mean duration at light load."""

    cpu_share: float
    cpu_cv: float
    workers: int | None
    cpu_order: CpuOrder


class _Weighed(NamedTuple):
    traits: _Traits
    chi_square: float
    weight: float


def calibrate_log(
    rows: LogRows,
    service: LoggedService,
    name: str,
    files: Sequence[ObservedFile] = (),
    *,
    seed: int = 1,
    candidates: int | None = None,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> CalibratedModel:
    """Return the model. `tell` gets the number of candidates that were played, and of all (default: `CANDIDATES`).

    Raises:
        CannotCalibrate: if the log has no light load.
    """
    candidates = CANDIDATES if candidates is None else candidates
    instances = service.instances or 1
    present = in_progress(rows.start_s, rows.duration_s)
    light = light_limit(present, rows.route)
    bins = slowdowns(present, rows.duration_s, rows.route, light)
    served = rows.status < _SERVER_ERROR
    law = service_law(rows, (present <= light) & served, light)
    busy = BusyRequests(rows, instances, service.size, service.max_concurrency)
    rng = RandomStreams(seed).stream("calibration", "log candidates")
    most = int(present.max()) + 1
    found: list[_Weighed] = []
    first = candidates // 2
    for number in range(candidates):
        traits = _drawn(rng, law, service, most)
        if number >= first:
            traits = _near(rng, _best(found, number - first).traits)
        squares = busy.chi_square(_mixed(law, traits), seed, candidates * float(len(busy.start_s)))
        found.append(_Weighed(traits, squares, 0.0))
        tell(number + 1, candidates)
    found.sort(key=lambda each: each.chi_square)
    weights = weights_of(np.array([each.chi_square for each in found]))
    found = [each._replace(weight=float(weight)) for each, weight in zip(found, weights, strict=True)]
    return CalibratedModel(
        name=name,
        application=_routed(rows, law, found[0].traits),
        routes=tuple(_routes(rows)),
        parameters=tuple(_parameters(law, found, present, instances)),
        members=tuple(
            ModelMember(weight=count, application=_routed(rows, law, found[number].traits))
            for number, count in resampled(weights).items()
        ),
        observed=_observed(service, present, busy, instances),
        unknown=tuple(_unknown(found, service, bins, present)),
        warnings=tuple(_warnings(rows, light, found, bins, busy.groups)),
        provenance=Provenance(
            files=tuple(files),
            target="an access log",
            method=_METHOD,
            made_at=utc_now().isoformat(timespec="seconds"),
            simulator_version=__version__,
            seed=seed,
        ),
    )


def _drawn(rng: np.random.Generator, law: ServiceLaw, service: LoggedService, most: int) -> _Traits:
    """Draw traits; the CPU time is at most a tenth more than what the load could have been served with."""
    workers = None
    if rng.uniform() > _NO_LIMIT_SHARE:
        workers = round(math.exp(rng.uniform(0, math.log(min(_WORKERS_MAX, 2 * most + 2)))))
    order = CpuOrder.FIRST_COME if rng.uniform() < 0.5 else CpuOrder.SHARED
    highest = min(1.0, 1.1 * (service.instances or 1) * service.size.vcpu / (law.rate_max_rps * law.mean_s))
    return _Traits(float(rng.uniform(0, highest)), float(rng.uniform(0, _CV_MAX)), workers, order)


def _best(found: Sequence[_Weighed], number: int) -> _Weighed:
    """Return one of the best candidates of a kind, in turn: each order of CPU work, with limited workers or not."""
    kinds = [(order, limited) for order in CpuOrder for limited in (False, True)]
    order, limited = kinds[number % len(kinds)]
    alike = [each for each in found if each.traits.cpu_order is order and (each.traits.workers is not None) is limited]
    ranked = sorted(alike or found, key=lambda each: each.chi_square)
    return ranked[number // len(kinds) % min(2, len(ranked))]


def _near(rng: np.random.Generator, traits: _Traits) -> _Traits:
    workers = traits.workers
    return traits._replace(
        cpu_share=float(np.clip(traits.cpu_share * math.exp(rng.normal(0, 0.06)), 0, 1)),
        cpu_cv=float(np.clip(traits.cpu_cv + rng.normal(0, 0.2), 0, _CV_MAX)),
        workers=None if workers is None else max(1, round(workers * math.exp(rng.normal(0, 0.3)))),
    )


def _mixed(law: ServiceLaw, traits: _Traits) -> dict[str, Any]:
    """Return the application whose requests have the mix of all routes."""
    return {"simulated": law.of_all.split(traits.cpu_share * law.mean_s, traits.cpu_cv) | _order(traits)}


def _routed(rows: LogRows, law: ServiceLaw, traits: _Traits) -> dict[str, Any]:
    """Return the application with a law for each path.

    ASSUMPTION: the share of CPU time is the same for each path; the CPU time of a request in the log would settle it.
    """
    simulated = law.of_all.split(traits.cpu_share * law.mean_s, traits.cpu_cv) | _order(traits)
    paths = {
        name.partition(" ")[2]: law.of_route[number].split(
            traits.cpu_share * law.of_route[number].mean_s, traits.cpu_cv
        )
        for number, name in enumerate(rows.routes)
        if number in law.of_route
    }
    if len(paths) > 1:
        simulated["paths"] = paths
    failures = float(np.mean(rows.status >= _SERVER_ERROR))
    return {"simulated": simulated | ({"failure_share": failures} if failures else {})}


def _order(traits: _Traits) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if traits.workers is not None:
        given["workers"] = traits.workers
    if traits.cpu_order is not CpuOrder.SHARED:
        given["cpu_order"] = str(traits.cpu_order)
    return given


def _routes(rows: LogRows) -> Iterator[ModelRoute]:
    for number, name in enumerate(rows.routes):
        method, _, path = name.partition(" ")
        chosen = rows.route == number
        yield ModelRoute(
            name=name,
            method=method,
            path=path,
            weight=float(chosen.sum()),
            response_bytes=float(rows.sent_bytes[chosen].mean()),
        )


def _parameters(
    law: ServiceLaw, found: Sequence[_Weighed], present: Integers, instances: int
) -> Iterator[ModelParameter]:
    for what, share in (("median", 0.5), ("95th percentile", 0.95)):
        low, high = law.of_all.interval(share)
        value = law.of_all.quantile(share)
        yield ModelParameter(
            name=f"{what} of the service time",
            unit="s",
            value=value,
            low=min(low, value),
            high=max(high, value),
            how="measured",
            sentence=f"Of {law.of_all.requests} requests that arrived with at most {law.light} others in progress.",
        )
    best = found[0].traits
    weights = np.array([each.weight for each in found])
    low, high = interval_of(np.array([each.traits.cpu_share for each in found]), weights)
    yield ModelParameter(
        name="mean CPU time of a request",
        unit="s",
        value=best.cpu_share * law.mean_s,
        low=min(low, best.cpu_share) * law.mean_s,
        high=max(high, best.cpu_share) * law.mean_s,
        how="unknown" if high > 2 * max(low, 1e-9) else "fitted",
        key=("simulated", "cpu"),
        sentence="A log has no CPU time: this one gives the effect of load on the durations.",
    )
    limits = np.array([math.inf if each.traits.workers is None else each.traits.workers for each in found])
    low, high = interval_of(limits, weights)
    yield ModelParameter(
        name="workers",
        unit="",
        value=best.workers,
        low=None if math.isinf(low) else min(low, best.workers or low),
        high=None if math.isinf(high) else max(high, best.workers or high),
        how="unknown" if math.isinf(high) or high > 2 * low else "fitted",
        key=() if best.workers is None else ("simulated", "workers"),
        sentence=f"At most {math.ceil(int(present.max() + 1) / instances)} requests were in progress in an instance.",
    )


def _observed(service: LoggedService, present: Integers, busy: BusyRequests, instances: int) -> ObservedRange:
    size = service.size
    return ObservedRange(
        rate_max_rps=busy.rate_rps / instances,
        throughput_max_rps=busy.rate_rps / instances,
        in_flight_max=float(present.max() + 1) / instances,
        max_concurrency=service.max_concurrency,
        sizes=(ModelSize(cpu_units=size.cpu_units, memory_mb=size.memory_mb),),
    )


def _unknown(
    found: Sequence[_Weighed], service: LoggedService, bins: Sequence[ConcurrencyBin], present: Integers
) -> Iterator[str]:
    if service.instances is None:
        yield (
            "the number of instances is not in the log and was not given: all requests are those of one instance, so "
            "limits are those of all instances together (--instances)"
        )
    if service.max_concurrency is None:
        yield "MaxConcurrency was not given (--max-concurrency): waiting before an instance is part of the durations"
    slowest = max((each.slowdown for each in bins), default=1.0)
    if slowest < 1 + _DISTURBED:
        yield (
            f"durations hardly depend on the requests in progress (at most {slowest - 1:.0%} longer, with up to "
            f"{int(present.max()) + 1} in progress): CPU time and worker limit are unknown within their intervals"
        )
    likely = [each for each in found if each.weight > 0.05]
    orders = {each.traits.cpu_order for each in likely}
    if len(orders) > 1:
        yield "how an instance orders its CPU work (shared, or first come, first served) is unknown"
    if any(each.traits.workers is None for each in likely) and any(each.traits.workers for each in likely):
        least = min(each.traits.workers for each in likely if each.traits.workers is not None)
        yield f"the worker limit is unknown: {least} or more, or none"
    yield "start-up time and memory are not in a log"


def _warnings(
    rows: LogRows, light: int, found: Sequence[_Weighed], bins: Sequence[ConcurrencyBin], groups: int
) -> Iterator[str]:
    yield from rows.notes
    if light > 0 and bins and bins[-1].high > 0 and light > 0.3 * bins[-1].high:
        yield (
            f"the log has no light load: service times are those of requests with up to {light} others in progress, so "
            "they may contain waiting"
        )
    error = math.sqrt(found[0].chi_square / groups)
    if error > _AGREEMENT:
        yield f"no candidate agrees with the log: the best one differs by {error:.1f} standard errors on average"
