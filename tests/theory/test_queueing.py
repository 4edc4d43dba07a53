"""Exact results of queueing theory against the whole middle of the platform, in virtual time.

Each figure of a case is estimated once per seed, and the mean over the seeds must lie within three standard errors of
the exact value. About one figure in 200 would fail that by chance alone (Student's t with 19 degrees of freedom); the
seeds are fixed, so the verdict is the same in every run. Were it to change with the code, the code has changed a random
stream or has a bug; the slow version, with more requests and other seeds, tells which.

A wide standard error would let anything pass, so its share of the exact value is bounded too: a wrong discipline
(processor sharing instead of a queue, a lost slot, a held instead of a refused request) is off by far more.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from simulator.fleet.application import SimulatedApplication
from simulator.model.sizes import InstanceSize
from simulator.world.laws import Constant, Exponential, Hyperexponential, Law
from tests.theory.stations import REFUSED, Observed, Station, observe

VECTORS: Final = Path(__file__).parent / "vectors" / "queueing_exact_vectors.json"
CASES: Final[list[dict[str, Any]]] = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]

SEEDS: Final = 20
REQUESTS_MIN: Final = 3000
# The vectors' unit of time is free. A hundredth of a second a unit: the platform's own ticks (a sample a second, a
# probe every five) then cost little beside the requests.
UNIT_S: Final = 0.01

Figure = Callable[[Observed], float]


@dataclass(frozen=True)
class Setup:
    """A case as a station, and how its figures are read off a run. `warm_up` in requests, from an empty station."""

    station: Station
    figures: Mapping[str, Figure]
    warm_up: int


# --- how a figure is read off ---


def mean_queue(seen: Observed) -> float:
    return seen.mean_present(seen.arrived_s, seen.arrived_s + seen.queue_s)


def mean_in_system(seen: Observed) -> float:
    return seen.mean_present(seen.arrived_s, seen.arrived_s + seen.latency_s)


def mean_busy(seen: Observed) -> float:
    end_s = seen.arrived_s + seen.latency_s
    return seen.mean_present(end_s - seen.service_s, end_s)


def variance_busy(seen: Observed) -> float:
    end_s = seen.arrived_s + seen.latency_s
    return seen.variance_present(end_s - seen.service_s, end_s)


def mean_wait(seen: Observed) -> float:
    return float(seen.queue_s[seen.accepted].mean())


def mean_wait_inside(seen: Observed) -> float:
    """Where the instance's workers are the server: what the latency is above the request's own work."""
    return float((seen.latency_s - seen.work_s)[seen.inside].mean())


def mean_sojourn(seen: Observed) -> float:
    return float(seen.latency_s[seen.accepted].mean())


def slowdown(seen: Observed) -> float:
    return mean_sojourn(seen) / float(seen.work_s[seen.inside].mean())


def p_wait(seen: Observed) -> float:
    return float((seen.queue_s[seen.accepted] > 0).mean())


def p_reject(seen: Observed) -> float:
    return float((seen.status[seen.inside] == REFUSED).mean())


def in_units(figure: Figure) -> Figure:
    """A time, in the unit of the vectors."""
    return lambda seen: figure(seen) / UNIT_S


# --- the models as stations ---


def many_servers(case: dict[str, Any]) -> Setup:
    """M/M/c, first come first served: c slots, everybody else is held. The slots are the servers."""
    slots = case["c"]
    load = case["lam"] / case["mu"] / slots
    return Setup(
        Station(case["lam"] / UNIT_S, waits(Exponential(UNIT_S / case["mu"])), slots),
        {
            "utilisation": lambda seen: mean_busy(seen) / slots,
            "p_wait": p_wait,
            "mean_wait": in_units(mean_wait),
            "mean_sojourn": in_units(mean_sojourn),
            "mean_queue": mean_queue,
            "mean_in_system": mean_in_system,
        },
        settling(load, slots),
    )


def loss(case: dict[str, Any]) -> Setup:
    """M/G/c/c: c slots, nobody is held. Any law of service gives the same; here one with a heavy tail."""
    return Setup(
        Station(case["offered_erlangs"] / UNIT_S, waits(Hyperexponential(UNIT_S, 4)), case["c"], places=0),
        {"p_reject": p_reject, "mean_busy": mean_busy},
        2000,
    )


def limited(case: dict[str, Any]) -> Setup:
    """M/M/c/K: c slots, K - c places in the line, the rest is refused."""
    slots = case["c"]
    return Setup(
        Station(case["lam"] / UNIT_S, waits(Exponential(UNIT_S / case["mu"])), slots, places=case["K"] - slots),
        {
            "p_reject": p_reject,
            "mean_in_system": lambda seen: seen.mean_present(
                seen.arrived_s[seen.status != REFUSED], (seen.arrived_s + seen.latency_s)[seen.status != REFUSED]
            ),
            "mean_queue": mean_queue,
            "mean_sojourn_accepted": in_units(mean_sojourn),
            "mean_wait_accepted": in_units(mean_wait),
            "mean_busy": mean_busy,
        },
        500,
    )


LAWS: Final[dict[str, Law]] = {
    "deterministic": Constant(UNIT_S),
    "exponential": Exponential(UNIT_S),
    "hyperexp cs2=4": Hyperexponential(UNIT_S, 4),
}


def one_worker(case: dict[str, Any]) -> Setup:
    """M/G/1, first come first served: one instance with one worker; MaxConcurrency lets the queue be inside it."""
    application = SimulatedApplication(cpu=LAWS[case["service"]], workers=1)
    return Setup(
        Station(case["lam"] / UNIT_S, application, slots=200),
        {"mean_wait": in_units(mean_wait_inside)},
        settling(case["lam"], 1),
    )


def shared_cpu(case: dict[str, Any]) -> Setup:
    """M/G/1 processor sharing: one vCPU, no limit of workers. Any law gives the same; here one with a heavy tail."""
    return Setup(
        Station(case["lam"] / UNIT_S, SimulatedApplication(cpu=Hyperexponential(UNIT_S, 4)), slots=200),
        {"mean_sojourn": in_units(mean_sojourn), "mean_in_system": mean_in_system, "slowdown": slowdown},
        settling(case["lam"], 1),
    )


def unlimited(case: dict[str, Any]) -> Setup:
    """M/G/infinity: a slot for everybody (200 are never taken at a mean of 10)."""
    return Setup(
        Station(case["lam"] / UNIT_S, waits(Hyperexponential(case["mean_service"] * UNIT_S, 4)), slots=200),
        {"mean_busy": mean_busy, "variance_busy": variance_busy},
        500,
    )


MODELS: Final[dict[str, Callable[[dict[str, Any]], Setup]]] = {
    "M/M/c FCFS": many_servers,
    "M/G/c/c loss (Erlang B)": loss,
    "M/M/c/K (K = in service + waiting)": limited,
    "M/G/1 FCFS (Pollaczek-Khinchine)": one_worker,
    "M/G/1 processor sharing (any service law, mean 1)": shared_cpu,
    "M/G/inf (scale-per-request busy count)": unlimited,
}


def waits(law: Law) -> SimulatedApplication:
    return SimulatedApplication(io=law)


def settling(load: float, servers: int) -> int:
    """Requests until an empty station has forgotten that it was: ten times the relaxation time of M/M/c (Newell)."""
    relaxation = (1 - math.sqrt(load)) ** -2  # in services of one server; `servers` of them work at a time
    return round(10 * relaxation * load) + 20 * servers


# --- the tests ---


def label(case: dict[str, Any]) -> str:
    numbers = [f"{name}={value}" for name, value in case.items() if name not in {"model", "expect"}]
    return f"{case['model'].split(' (')[0]} {' '.join(numbers)}"


def check(setup: Setup, expect: Mapping[str, float], *, times: int, first_seed: int, error_share_max: float) -> None:
    """Seeds from `first_seed` on; every case has its own, so that one unlucky stream is one unlucky case.

    A station that forgets slowly also needs more requests for an estimate as good: twice its warm-up, `times` over.
    """
    requests = times * max(REQUESTS_MIN, 2 * setup.warm_up)
    runs = [
        {name: figure(seen) for name, figure in setup.figures.items()}
        for seen in (
            observe(setup.station, seed, requests, setup.warm_up) for seed in range(first_seed, first_seed + SEEDS)
        )
    ]
    assert set(expect) == set(setup.figures)
    for name, exact in expect.items():
        values = np.array([run[name] for run in runs])
        error = values.std(ddof=1) / SEEDS**0.5
        assert abs(values.mean() - exact) <= 3 * error, f"{name}: {values.mean():.6g} +- {error:.2g}, exact {exact:.6g}"
        assert error <= error_share_max * exact, f"{name}: +- {error:.2g} proves nothing about {exact:.6g}"


def test_there_are_24_cases() -> None:
    assert len(CASES) == 24


@pytest.mark.parametrize("case", CASES, ids=label)
def test_the_platform_is_the_station_that_theory_describes(case: dict[str, Any]) -> None:
    setup = MODELS[case["model"]](case)
    check(setup, case["expect"], times=1, first_seed=100 * CASES.index(case), error_share_max=0.25)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=label)
def test_the_same_with_more_requests_and_other_seeds(case: dict[str, Any]) -> None:
    setup = MODELS[case["model"]](case)
    check(setup, case["expect"], times=4, first_seed=10_000 + 100 * CASES.index(case), error_share_max=0.15)


@pytest.mark.parametrize("law", [Exponential(UNIT_S), Hyperexponential(UNIT_S, 4)], ids=["exponential", "heavy tail"])
def test_two_vcpus_shared_by_exponential_requests_are_as_full_as_m_m_2(law: Law) -> None:
    """Capacitated processor sharing, the model of an instance. M/M/2 at 0.8: 2 x 0.8 / (1 - 0.8^2) = 4.444 present.

    The mean number present does not depend on the law (processor sharing with a limit per request is a symmetric
    queue), so the heavy tail has the same.
    """
    station = Station(1.6 / UNIT_S, SimulatedApplication(cpu=law), slots=200, size=InstanceSize(2048, 4096))
    setup = Setup(station, {"mean_in_system": mean_in_system}, settling(0.8, 2))
    check(setup, {"mean_in_system": 1.6 / (1 - 0.64)}, times=1, first_seed=1, error_share_max=0.1)
