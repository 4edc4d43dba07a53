"""The set of models that agree with metrics, found by importance sampling.

Candidates are drawn from what is possible: the CPU time from its regression, the variation of the CPU time, the order
of the CPU work and the worker limit from wide priors. The time without CPU of each candidate follows from the latency
at the lightest level of load: its percentiles are moved until the candidate, played at that level, has the measured
ones. Then every level is played, and the candidate's weight is the likelihood of the measured figures. A second round
draws near the best candidates of the first; the likely ones of both are played on the busiest hours too. All candidates
have the same arrivals (common random numbers).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.from_metrics.busy_window import BusyWindow
from simulator.calibration.from_metrics.candidate import QUANTILES, SCORES, CandidateModel
from simulator.calibration.from_metrics.candidate_runs import MeteredService, level_minutes, play_level
from simulator.calibration.from_metrics.cpu_demand import CpuDemand
from simulator.calibration.from_metrics.load_levels import LIGHT, LevelFigure, MeteredLevel
from simulator.calibration.members import weights_of
from simulator.lab.minutes.service_minutes import LATENCIES, MINUTE_S, Floats
from simulator.rules.stations.cpu_use import CpuOrder
from simulator.world.random_streams import RandomStreams

# A simulation with few parameters is no copy of a service: differences up to this share count as agreement. Without it
# the thousands of requests of a level would decide between candidates by what no candidate has.
TOLERANCE: Final = 0.02
_TAIL_TOLERANCE: Final = 0.06
_MOVES: Final = 3
_LEAST_S: Final = 1e-5
_ERROR_MIN: Final = 1e-4
_NO_LIMIT_SHARE: Final = 0.4
_WORKERS_MAX: Final = 64
_CV_MAX: Final = 1.5
_BEST_SHARE: Final = 0.1
# Candidates that are less likely by more than exp(-_LIKELY / 2) at the levels are not played on the busiest hours.
_LIKELY: Final = 10.0
_LIKELY_MAX: Final = 36


class WeightedCandidate(NamedTuple):
    """A candidate with its figures at each level, the sum of squared `differences` in standard errors, and its weight.

    `differences`: latency and utilization of each level, and of each group of the busiest hours if it was played there.
    """

    candidate: CandidateModel
    figures: tuple[dict[str, LevelFigure], ...]
    chi_square: float
    differences: int
    weight: float = 0.0

    @property
    def mean_error(self) -> float:
        """The differences in standard errors: the root of the mean of their squares."""
        return math.sqrt(self.chi_square / self.differences)


class ModelSearch:
    """Draws, plays and weighs candidates for a service whose metrics have these levels of load."""

    def __init__(
        self,
        levels: Sequence[MeteredLevel],
        window: BusyWindow,
        demand: CpuDemand,
        service: MeteredService,
        seed: int,
        candidates: int,
    ) -> None:
        self._levels, self._window, self._demand, self._service = levels, window, demand, service
        self._seed = seed
        self._count = candidates
        self._rng = RandomStreams(seed).stream("calibration", "metrics")
        per_candidate = sum(level.rate_rps * MINUTE_S * level_minutes(level.rate_rps) for level in levels)
        self._requests = candidates * per_candidate

    def run(self, tell: Callable[[int, int], None] = lambda _done, _all: None) -> list[WeightedCandidate]:
        """Return the likely candidates, the most likely first. `tell` gets the number of runs, and of all."""
        first = self._count * 2 // 3
        found: list[WeightedCandidate] = []
        for number in range(self._count):
            candidate = self._drawn() if number < first else self._near(_best(found, number - first).candidate)
            found.append(self._weighed(self._with_light_latency(candidate)))
            tell(number + 1, self._count)
        found.sort(key=lambda each: each.chi_square)
        likely = [each for each in found if each.chi_square < found[0].chi_square + _LIKELY][:_LIKELY_MAX]
        total = len(likely) * float(self._window.requests.sum())
        for number, each in enumerate(likely):
            application = each.candidate.application()
            squares = self._window.chi_square(application, self._demand.idle_share, self._seed, total)
            likely[number] = each._replace(
                chi_square=each.chi_square + squares, differences=each.differences + self._window.differences
            )
            tell(self._count + number + 1, self._count + len(likely))
        likely.sort(key=lambda each: each.chi_square)
        weights = weights_of(np.array([each.chi_square for each in likely]))
        return [each._replace(weight=float(weight)) for each, weight in zip(likely, weights, strict=True)]

    def _drawn(self) -> CandidateModel:
        rng = self._rng
        cpu_s = self._cpu_s()
        cv = float(rng.uniform(0, _CV_MAX))
        is_limited = rng.uniform() > _NO_LIMIT_SHARE
        workers = round(math.exp(rng.uniform(0, math.log(_WORKERS_MAX)))) if is_limited else None
        order = CpuOrder.FIRST_COME if rng.uniform() < 0.5 else CpuOrder.SHARED
        parallelism = 1 if self._service.size.vcpu > 1 and rng.uniform() < 0.5 else None
        return CandidateModel(cpu_s, cv, (0.0, 0.0, 0.0), workers, order, parallelism)

    def _near(self, candidate: CandidateModel) -> CandidateModel:
        rng = self._rng
        cv = float(np.clip(candidate.cpu_cv + rng.normal(0, 0.2), 0, _CV_MAX))
        workers = candidate.workers
        if workers is not None:
            workers = max(1, round(workers * math.exp(rng.normal(0, 0.3))))
        return candidate._replace(cpu_s=self._cpu_s(), cpu_cv=cv, workers=workers)

    def _cpu_s(self) -> float:
        drawn = self._rng.normal(self._demand.mean_s, self._demand.standard_error_s)
        return float(np.clip(drawn, self._demand.low_s or 1e-6, self._demand.high_s))

    def _with_light_latency(self, candidate: CandidateModel) -> CandidateModel:
        """Return the candidate with the time without CPU that gives the measured percentiles at light load."""
        light = [level for level in self._levels if level.utilization < LIGHT] or self._levels[:1]
        wanted_s = [_percentiles(level.figures) for level in light]
        errors_s = [_errors(level.figures) * wanted for level, wanted in zip(light, wanted_s, strict=True)]
        weights = [1 / np.square(each) for each in errors_s]
        start = np.maximum(np.average(wanted_s, axis=0, weights=weights) - candidate.cpu_s, _LEAST_S)
        candidate = candidate._replace(io_s=tuple(np.maximum.accumulate(start).tolist()))
        for _ in range(_MOVES):
            had_s = [_percentiles(self._played(candidate, level)) for level in light]
            candidate = candidate.moved(np.average(np.subtract(wanted_s, had_s), axis=0, weights=weights))
        return candidate

    def _played(self, candidate: CandidateModel, level: MeteredLevel) -> dict[str, LevelFigure]:
        return play_level(candidate.application(), level, self._service, self._seed, self._requests)

    def _weighed(self, candidate: CandidateModel) -> WeightedCandidate:
        figures = tuple(self._played(candidate, level) for level in self._levels)
        pairs = zip(self._levels, figures, strict=True)
        chi_square = sum(_chi_square(level.figures, has, self._demand.idle_share) for level, has in pairs)
        return WeightedCandidate(candidate, figures, chi_square, 2 * len(figures))


def _percentiles(figures: Mapping[str, LevelFigure]) -> Floats:
    """Return median, p95 and p99 in seconds.

    ASSUMPTION: without a p99 it is that of a log-normal distribution; the metric's own p99 settles it.
    """
    p50, p95 = figures[QUANTILES[0]].mean, figures[QUANTILES[1]].mean
    p99 = figures[QUANTILES[2]].mean if QUANTILES[2] in figures else p50 + (p95 - p50) * SCORES[2] / SCORES[1]
    return np.asarray(np.exp([p50, p95, p99]), dtype=np.float64)


def _errors(figures: Mapping[str, LevelFigure]) -> Floats:
    """Return the standard errors of the logarithms of median, p95 and p99."""
    p50, p95 = figures[QUANTILES[0]].error, figures[QUANTILES[1]].error
    p99 = figures[QUANTILES[2]].error if QUANTILES[2] in figures else 2 * p95
    return np.array([max(each, _ERROR_MIN) for each in (p50, p95, p99)])


def _best(found: Sequence[WeightedCandidate], number: int) -> WeightedCandidate:
    """Return one of the best candidates with one of the orders of CPU work, in turn."""
    order = list(CpuOrder)[number % len(CpuOrder)]
    alike = [each for each in found if each.candidate.cpu_order is order] or list(found)
    ranked = sorted(alike, key=lambda each: each.chi_square)[: max(3, int(_BEST_SHARE * len(found)))]
    return ranked[number // len(CpuOrder) % len(ranked)]


def _chi_square(measured: Mapping[str, LevelFigure], modelled: Mapping[str, LevelFigure], idle_share: float) -> float:
    """Return the squared differences of a level in standard errors, those of a tolerated difference included.

    The latencies count together as one figure, by their mean, because they are of the same requests.
    """
    latencies = [
        _squared(measured[name], modelled[name].mean, modelled[name].error, _tolerated(name))
        for name in LATENCIES
        if name in measured and name in modelled
    ]
    cpu = measured["cpu"]
    share = modelled["cpu"].mean + idle_share
    return float(np.mean(latencies)) + _squared(cpu, share, modelled["cpu"].error, TOLERANCE * cpu.mean)


def _tolerated(name: str) -> float:
    return _TAIL_TOLERANCE if name == QUANTILES[2] else TOLERANCE


def _squared(measured: LevelFigure, value: float, error: float, tolerated: float) -> float:
    return (measured.mean - value) ** 2 / (measured.error**2 + error**2 + tolerated**2)
