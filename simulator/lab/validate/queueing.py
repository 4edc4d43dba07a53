"""Exact results of queueing theory, compared with the platform's client, pool and instance (validation sheet 2.1).

Each figure of a case is estimated once per seed. `simulator validate` plays millions of requests with the compiled
backend: the mean over the seeds must be within 2 % of the exact value, with a standard error well below that, so that a
bias of 5 % fails. The tests also play the platform's own objects, with fewer requests (`findings`): the mean must be
within three standard errors of the exact value. About one figure in 200 would fail that by chance alone (Student's t
with 19 degrees of freedom); the seeds are fixed, so the verdict is the same in every run. With a large standard error
any value would pass, so it is limited to a share of the exact value; a wrong discipline (processor sharing instead of a
queue, a lost slot, a queued instead of a rejected request) differs by far more.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from simulator.fleet.simulated.application import SimulatedApplication
from simulator.lab.validate.case import Case, Evidence, Finding, Subject
from simulator.lab.validate.ground_truth import vectors
from simulator.lab.validate.stations import REJECTED, Observed, StationSetup, observe
from simulator.world.distributions import Constant, Distribution, Exponential, Hyperexponential

CASES: Final[list[dict[str, Any]]] = vectors("queueing_exact_vectors.json")["cases"]
SOURCE: Final = "textbook formulas, 30 digits"

SEEDS: Final = 20
REQUESTS_MIN: Final = 3000
# The vectors have no unit of time. With a hundredth of a second per unit, the platform's own ticks (a sample per
# second, a probe every five) take little time compared with the requests.
UNIT_S: Final = 0.01
# A standard error above this share of the exact value proves nothing.
ERROR_SHARE_MAX: Final = 0.25

# Tolerance of the compiled backend: a share of the exact value, and the largest standard error that proves it.
TOLERANCE: Final = 0.02
ERROR_MAX: Final = 0.007
# Seeds are played in groups of this size until every figure is precise enough, up to the maximum.
SEEDS_A_ROUND: Final = 8
SEEDS_MAX: Final = 64
# Length of a run in multiples of the station's settling time (`warm_up` is ten of these), between the bounds.
_MEMORIES: Final = 4_000
_COMPILED_MIN: Final = 125_000
_COMPILED_MAX: Final = 1_500_000

Figure = Callable[[Observed], float]


@dataclass(frozen=True, slots=True)
class Setup:
    """A case as a station, with the functions that compute its figures.

    `warm_up`: requests until an empty start no longer matters.
    """

    station: StationSetup
    figures: Mapping[str, Figure]
    warm_up: int


# --- figures of a run ----------------------------------------------------------------------------------------------


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
    """Return the mean wait at the instance, whose workers are the server: the latency minus the request's own work."""
    return float((seen.latency_s - seen.work_s)[seen.inside].mean())


def mean_sojourn(seen: Observed) -> float:
    return float(seen.latency_s[seen.accepted].mean())


def slowdown(seen: Observed) -> float:
    return mean_sojourn(seen) / float(seen.work_s[seen.inside].mean())


def p_wait(seen: Observed) -> float:
    return float((seen.queue_s[seen.accepted] > 0).mean())


def p_reject(seen: Observed) -> float:
    return float((seen.status[seen.inside] == REJECTED).mean())


def in_units(figure: Figure) -> Figure:
    """Convert a time to the unit of the vectors."""
    return lambda seen: figure(seen) / UNIT_S


# --- the models as stations ---


def many_servers(case: dict[str, Any]) -> Setup:
    """Return M/M/c, first come first served: c slots are the servers, other requests are queued."""
    slots = case["c"]
    load = case["lam"] / case["mu"] / slots
    return Setup(
        StationSetup(case["lam"] / UNIT_S, waits(Exponential(UNIT_S / case["mu"])), slots),
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
    """Return M/G/c/c: c slots, no queue.

    The distribution of service times does not matter; this one has a heavy tail.
    """
    return Setup(
        StationSetup(case["offered_erlangs"] / UNIT_S, waits(Hyperexponential(UNIT_S, 4)), case["c"], places=0),
        {"p_reject": p_reject, "mean_busy": mean_busy},
        2000,
    )


def limited(case: dict[str, Any]) -> Setup:
    """Return M/M/c/K: c slots, a queue of K - c, other requests are rejected."""
    slots = case["c"]
    return Setup(
        StationSetup(case["lam"] / UNIT_S, waits(Exponential(UNIT_S / case["mu"])), slots, places=case["K"] - slots),
        {
            "p_reject": p_reject,
            "mean_in_system": lambda seen: seen.mean_present(
                seen.arrived_s[seen.status != REJECTED], (seen.arrived_s + seen.latency_s)[seen.status != REJECTED]
            ),
            "mean_queue": mean_queue,
            "mean_sojourn_accepted": in_units(mean_sojourn),
            "mean_wait_accepted": in_units(mean_wait),
            "mean_busy": mean_busy,
        },
        500,
    )


LAWS: Final[dict[str, Distribution]] = {
    "deterministic": Constant(UNIT_S),
    "exponential": Exponential(UNIT_S),
    "hyperexp cs2=4": Hyperexponential(UNIT_S, 4),
}


def one_worker(case: dict[str, Any]) -> Setup:
    """Return M/G/1, first come first served: one instance with one worker, in which requests queue up."""
    application = SimulatedApplication(cpu=LAWS[case["service"]], workers=1)
    return Setup(
        StationSetup(case["lam"] / UNIT_S, application, slots=200),
        {"mean_wait": in_units(mean_wait_inside)},
        settling(case["lam"], 1),
    )


def shared_cpu(case: dict[str, Any]) -> Setup:
    """Return M/G/1 processor sharing: one vCPU, any number of workers.

    The distribution of service times does not matter; this one has a heavy tail.
    """
    return Setup(
        StationSetup(case["lam"] / UNIT_S, SimulatedApplication(cpu=Hyperexponential(UNIT_S, 4)), slots=200),
        {"mean_sojourn": in_units(mean_sojourn), "mean_in_system": mean_in_system, "slowdown": slowdown},
        settling(case["lam"], 1),
    )


def unlimited(case: dict[str, Any]) -> Setup:
    """Return M/G/infinity: a slot for every request (200 are never all used at a mean of 10)."""
    return Setup(
        StationSetup(case["lam"] / UNIT_S, waits(Hyperexponential(case["mean_service"] * UNIT_S, 4)), slots=200),
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


def waits(distribution: Distribution) -> SimulatedApplication:
    return SimulatedApplication(io=distribution)


def settling(load: float, servers: int) -> int:
    """Return the number of requests after which an empty start no longer matters: ten relaxation times (Newell)."""
    relaxation = (1 - math.sqrt(load)) ** -2  # in mean service times of one server; `servers` of them work at a time
    return round(10 * relaxation * load) + 20 * servers


# --- the cases ---


def label(case: dict[str, Any]) -> str:
    """Return a label such as `M/M/c FCFS c=5 lam=4`."""
    numbers = [f"{name}={value}" for name, value in case.items() if name not in {"model", "expect"}]
    return f"{case['model'].split(' (')[0]} {' '.join(numbers)}"


def findings(
    setup: Setup, expect: Mapping[str, float], *, times: int, first_seed: int, error_share_max: float = ERROR_SHARE_MAX
) -> Iterator[Finding]:
    """Measure with seeds from `first_seed` on.

    Each case has seeds of its own, so that an unlucky stream affects one case.

    A station that settles slowly also needs more requests for an estimate of the same precision: each run sends `times`
    x 2 x its warm-up, or `times` x REQUESTS_MIN if that is more.
    """
    assert set(expect) == set(setup.figures)
    requests = times * max(REQUESTS_MIN, 2 * setup.warm_up)
    runs = [
        {name: figure(seen) for name, figure in setup.figures.items()}
        for seen in (
            observe(setup.station, seed, requests, setup.warm_up) for seed in range(first_seed, first_seed + SEEDS)
        )
    ]
    for name, exact in expect.items():
        values = np.array([run[name] for run in runs])
        error = float(values.std(ddof=1)) / SEEDS**0.5
        yield Finding(name, exact, float(values.mean()), 3 * min(error, error_share_max * abs(exact)))


def case_findings(
    number: int, times: int = 1, first_seed: int = 0, error_share_max: float = ERROR_SHARE_MAX
) -> list[Finding]:
    """Return the findings of the case at position `number` of the vectors."""
    case = CASES[number]
    setup = MODELS[case["model"]](case)
    seed = first_seed + 100 * number
    return list(findings(setup, case["expect"], times=times, first_seed=seed, error_share_max=error_share_max))


def compiled_findings(number: int) -> list[Finding]:
    """Return the findings of the case at position `number` of the vectors, played by the compiled backend.

    A figure that is not precise enough has no tolerance, so it fails.
    """
    from simulator.lab.validate.compiled import observe_compiled  # noqa: PLC0415 numba takes a second to import

    case = CASES[number]
    setup = MODELS[case["model"]](case)
    requests = min(_COMPILED_MAX, max(_COMPILED_MIN, _MEMORIES * setup.warm_up // 10))
    columns: dict[str, list[float]] = {name: [] for name in case["expect"]}
    while True:
        played = len(next(iter(columns.values())))
        for seed in range(1000 * number + played, 1000 * number + played + SEEDS_A_ROUND):
            seen = observe_compiled(setup.station, seed, requests, setup.warm_up)
            for name, column in columns.items():
                column.append(setup.figures[name](seen))
        found = [_finding(name, exact, columns[name]) for name, exact in case["expect"].items()]
        if played + SEEDS_A_ROUND >= SEEDS_MAX or all(finding.tolerance for finding in found):
            return found


def _finding(name: str, exact: float, values: list[float]) -> Finding:
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5
    tolerance = TOLERANCE * abs(exact) if error <= ERROR_MAX * abs(exact) else 0.0
    return Finding(name, exact, float(np.mean(values)), tolerance)


def cases() -> list[Case]:
    """Return a case for every closed form of the vectors; without numba the platform's own objects play them."""
    compiled = importlib.util.find_spec("numba") is not None
    return [
        Case(
            f"2.1.{number + 1}",
            label(case),
            SOURCE,
            partial(compiled_findings if compiled else case_findings, number),
            Subject.THEORY,
            Evidence.THEORY,
            "textbooks",
            "A station with the numbers of its title.",
        )
        for number, case in enumerate(CASES)
    ]
