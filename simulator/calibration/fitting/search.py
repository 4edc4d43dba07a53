"""Searches the structure and the parameters that agree best with the measured figures.

The structure is chosen step by step, beginning with requests that share the CPU without a limit. A mechanism is added
only if the evidence is strong: the Bayesian information criterion must fall by more than six (Kass and Raftery, "Bayes
Factors", JASA 90, 1995).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.estimation.refinement import Refined, polished, refined
from simulator.calibration.fitting.figures.period_cpu import route_cpu
from simulator.calibration.fitting.fit_stage import FitStage, total_requests
from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.calibration.fitting.light_load import alone, fitted_laws
from simulator.calibration.fitting.likelihood import Likelihood
from simulator.calibration.fitting.screening import Screened, Screening
from simulator.calibration.fitting.starting_point import CapacityFigures, capacity, cpu_means_s, evened, light_latency_s
from simulator.calibration.fitting.unloaded.block import UnloadedBlock
from simulator.calibration.fitting.unloaded.laws import unloaded_laws
from simulator.calibration.fitting.unloaded.samples import UnloadedSamples

STRONG: Final = 6.0  # difference of the information criterion
_MECHANISMS_MAX: Final = 3
_CPU_SPREADS: Final = (0.25, 0.7)  # coefficients of variation from which a search begins, beside those of its start
_APART: Final = 0.5  # logarithm of the ratio of two spreads, from which they are different starts
_KEPT: Final = 2  # variants that are refined, of those screened
_RIVAL: Final = 2.0  # a variant that is this much further from the measurement than the nearest is not refined
# While structures are compared, figures may differ by this much: a search from far away does not trust small variances.
_TOLERANCE: Final = 0.01
# A real machine stalls now and then, and its caches are colder at light load: no model agrees better than this.
_TOLERANCE_LIVE: Final = 0.03
# Requests played for one evaluation of all stages, and for the covariance of the figures.
_REQUESTS: Final = 60_000
_PLAYS_OF_SCREENING: Final = 3
_PLAYS_OF_SPREAD: Final = 60
_PLAYS_OF_SLOPES: Final = 48  # for the derivatives of the result
_REQUESTS_FOR_SPREAD: Final = 3_000_000


@dataclass(frozen=True, eq=False)
class Found:
    """The result of a search."""

    best: Refined
    likelihood: Likelihood
    capacity: CapacityFigures
    plays: Sequence[int]
    spread_plays: Sequence[int]
    discrepancy: float
    freedom: int


class Search:
    """One search, over the stages of all observations."""

    def __init__(
        self, stages: Sequence[FitStage], routes: int, seed: int, unloaded: UnloadedSamples | None = None
    ) -> None:
        self._stages, self._routes, self._unloaded = stages, routes, unloaded
        self.likelihood = Likelihood(stages, seed, None if unloaded is None else UnloadedBlock(unloaded))
        requests = max(1, total_requests(stages))
        count = min(max(_REQUESTS // requests, 4), 12)
        spread = min(max(_REQUESTS_FOR_SPREAD // requests, 60), 200)
        self._quick = range(max(6, count // 2))
        self._plays = range(count)
        self._spread = range(count, count + spread)
        self._capacity = capacity(stages)
        self._vcpu = stages[0].vcpu
        self._tolerance = _TOLERANCE_LIVE if any(stage.is_live for stage in stages) else _TOLERANCE
        self._screening = Screening(self.likelihood, self._capacity, range(_PLAYS_OF_SCREENING))
        self._has_periods = route_cpu(stages, routes) is not None
        self._figures = sum(map(len, self.likelihood.measured)) + self.likelihood.unloaded_size

    def found(self) -> Found:
        """Return the best candidate with what is needed for its intervals."""
        # laws of light load are not at the maximum yet: any mechanism would seem to improve them
        light = self._likelier(self._first())
        best = self._refined(light, rounds=2)
        for _ in range(_MECHANISMS_MAX):
            extended = self._simplest(self._extensions(light, best.candidate), self.criterion(best) - STRONG)
            if extended is None:
                break
            best = self._refined(extended.candidate, rounds=1)
        if self._unloaded is None:
            best = self._with_families(best)
        best = self._with_integers(best)
        return self._result(self._polished(best.candidate))

    def _polished(self, candidate: ModelCandidate, discrepancy: float = 0.0) -> Refined:
        return polished(
            self.likelihood, candidate, plays=self._spread[:_PLAYS_OF_SLOPES], spread_plays=self._spread,
            discrepancy=discrepancy,
        )  # fmt: skip

    def _extensions(self, light: ModelCandidate, best: ModelCandidate) -> list[Screened]:
        """Return the best candidate with each mechanism that it lacks. Its laws are distorted by what it lacks, so each
        is also tried with the laws of light load.
        """
        structure = best.structure
        undistorted = dataclasses.replace(best, cpu=light.cpu, io=light.io) if structure.pool is None else best
        found = self._screening.extensions(undistorted, self._vcpu)
        if undistorted is best:
            return found
        nearest = min((each.distance for each in found), default=math.inf)
        return [*found, *self._screening.extensions(best, self._vcpu, nearest)]

    def _first(self) -> ModelCandidate:
        if self._unloaded is not None:
            fitted = unloaded_laws(self._unloaded)
            return ModelCandidate(AppStructure(), tuple(each.cpu for each in fitted), tuple(each.io for each in fitted))
        light_s = light_latency_s(self._stages, self._routes)
        cpu_s = cpu_means_s(self._stages, light_s)
        by_periods = route_cpu(self._stages, self._routes)
        laws = []
        for route in range(self._routes):
            requests = alone(self._stages, route)
            if len(requests.latency_s) < 8:
                io = TimeLaw(Family.LOGNORMAL, max(float(light_s[route] - cpu_s[route]), 1e-4), 0.4)
                laws.append((TimeLaw(Family.GAMMA, float(cpu_s[route]), 0.4), io))
                continue
            first = self._stages[0]
            likely = fitted_laws(requests, float(cpu_s[route]), first.vcpu, first.quota)
            cpu = _spread_out(likely.cpu, Family.GAMMA)
            if by_periods is not None:
                cpu = dataclasses.replace(cpu, cv=cpu.family.within(by_periods.cv))
            laws.append((cpu, _spread_out(likely.io, Family.LOGNORMAL)))
        return ModelCandidate(AppStructure(), tuple(cpu for cpu, _ in laws), tuple(io for _, io in laws))

    def _likelier(self, light: ModelCandidate) -> ModelCandidate:
        """Return a start of an observation in real time with its CPU times, or with evened ones: those with which a
        simple structure agrees better with all stages.
        """
        if self._routes == 1 or self._unloaded is not None or not any(stage.is_live for stage in self._stages):
            return light
        structures = (AppStructure(), AppStructure(parallelism=1), AppStructure(is_first_come=True, parallelism=1))

        def least(start: ModelCandidate) -> float:
            tried = [dataclasses.replace(start, structure=each) for each in structures]
            return min(self.criterion(self._climbed(each, rounds=1, evaluations=4)) for each in tried)

        return min((light, evened(light, self._screening.mix)), key=least)

    def _climbed(self, start: ModelCandidate, rounds: int, evaluations: int) -> Refined:
        return refined(
            self.likelihood,
            start,
            plays=self._quick,
            spread_plays=self._spread[:_PLAYS_OF_SPREAD],
            rounds=rounds,
            evaluations=evaluations,
            discrepancy=self._tolerance,
        )

    def _refined(self, candidate: ModelCandidate, rounds: int, evaluations: int = 8) -> Refined:
        """Return the candidate at its maximum, which is searched from several spreads of the CPU time: at light load
        they have little influence, so that a search from one of them may end beside the maximum.
        """
        starts = [candidate] if self._has_periods or self._unloaded is not None else _starts(candidate)
        found = [self._climbed(start, rounds, evaluations) for start in starts]
        return min(found, key=self.criterion)

    def criterion(self, found: Refined) -> float:
        """Return the Bayesian information criterion, with a parameter for each limit of the structure.

        The figures of a candidate near its saturation vary so much that no measurement is far from them: so the
        likelihood contains the determinant of their covariance.
        """
        count = len(found.candidate.coordinates) + found.candidate.structure.parts
        return found.chi_square + found.whitening.log_determinant + count * math.log(self._figures)

    def _simplest(self, variants: Sequence[Screened], below: float = math.inf) -> Refined | None:
        """Return the simplest of the nearest candidates for whose rivals the evidence is not strong; None if all of
        them are above a bound of the criterion.
        """
        if not variants:
            return None
        nearest = min(each.distance for each in variants)
        chosen = sorted(variants, key=lambda each: each.distance)[:_KEPT]
        found = [self._refined(each.candidate, rounds=1) for each in chosen if each.distance < nearest + _RIVAL]
        least = min(map(self.criterion, found))
        if least >= below:
            return None
        close = [each for each in found if self.criterion(each) <= least + STRONG]
        return min(close, key=lambda each: (each.candidate.structure.parts, self.criterion(each)))

    # --- families of laws ---------------------------------------------------------------------------------------------

    def _with_families(self, best: Refined) -> Refined:
        """Try other families of the laws, one law after the other."""
        for route in range(self._routes):
            for name in ("io", "cpu"):
                best = self._with_family(best, name, route)
        return best

    def _with_family(self, best: Refined, name: str, route: int) -> Refined:
        law: TimeLaw = getattr(best.candidate, name)[route]
        base = self._projected(best, best.candidate)
        options: list[tuple[float, ModelCandidate]] = []
        for family in Family:
            low, high = family.cv_range
            if family is law.family or not low * 0.9 <= law.cv <= high * 1.1 or not high:
                continue
            changed_law = dataclasses.replace(law, family=family, cv=family.within(law.cv))
            other = _with_law(best.candidate, name, route, changed_law)
            options.append((self._projected(best, other), other))
        if not options:
            return best
        distance, other = min(options, key=lambda each: each[0])
        if distance > base - 1.0:
            return best
        changed = self._refined(other, rounds=1, evaluations=3)
        return changed if self.criterion(changed) < self.criterion(best) - 0.5 else best

    def _projected(self, best: Refined, other: ModelCandidate) -> float:
        """Return the chi-square of another candidate after the best linear change of the parameters."""
        residuals = np.concatenate(
            [self.likelihood.residuals(other, self._quick, best.whitening), self.likelihood.playless(other)]
        )
        step, *_ = np.linalg.lstsq(best.jacobian, residuals, rcond=1e-8)
        return float(((residuals - best.jacobian @ step) ** 2).sum())

    # --- whole numbers ------------------------------------------------------------------------------------------------

    def _with_integers(self, best: Refined) -> Refined:
        """Move the whole numbers of the structure as long as that improves the agreement."""
        for _ in range(4):
            options = []
            for name in ("workers", "pool"):
                value = getattr(best.candidate.structure, name)
                near = () if value is None else (value - 1, value + 1)
                options += [with_integer(best.candidate, name, other) for other in near if other >= 1]
            if not options:
                return best
            base = self._projected(best, best.candidate)
            distance, other = min(((self._projected(best, each), each) for each in options), key=lambda each: each[0])
            if distance >= base - 0.2:
                return best
            changed = self._refined(other, rounds=1, evaluations=3)
            if self.criterion(changed) >= self.criterion(best):
                return best
            best = changed
        return best

    # --- a model that is not the application -------------------------------------------------------------------------

    def _result(self, best: Refined, discrepancy: float = 0.0) -> Found:
        freedom = max(1, self._figures - len(best.candidate.coordinates) - best.candidate.structure.parts)
        return Found(best, self.likelihood, self._capacity, self._plays, self._spread, discrepancy, freedom)

    def with_discrepancy(self, found: Found) -> Found:
        """Return the result if each figure may differ by more than chance, as the disagreement requires."""
        discrepancy = self._discrepancy(found.best, found.freedom)
        return self._result(self._polished(found.best.candidate, discrepancy), discrepancy)

    def _discrepancy(self, best: Refined, freedom: int) -> float:
        """Return the standard deviation of each figure beyond chance with which the agreement is as chance allows."""
        figures = self.likelihood.figures(best.candidate, self._spread)
        speeds = self.likelihood.speeds(best.candidate, self._plays)
        low, high = 0.0, 1.0
        for _ in range(12):
            middle = (low + high) / 2
            whitening = self.likelihood.whitening(figures, len(self._plays), middle, speeds)
            residuals = self.likelihood.residuals(best.candidate, self._plays, whitening)
            low, high = (middle, high) if (residuals**2).sum() > freedom else (low, middle)
        return high


def _starts(candidate: ModelCandidate) -> list[ModelCandidate]:
    """Return the candidate, and those with other spreads of the CPU time that are far from it and from each other."""
    starts = [candidate]
    for spread in _CPU_SPREADS:
        cpu = tuple(dataclasses.replace(law, cv=law.family.within(spread)) for law in candidate.cpu)
        if all(_apart(cpu, other.cpu) > _APART for other in starts):
            starts.append(dataclasses.replace(candidate, cpu=cpu))
    return starts


def _apart(laws: Sequence[TimeLaw], others: Sequence[TimeLaw]) -> float:
    """Return the largest logarithm of the ratio of two spreads; constants have none."""
    ratios = (one.cv / other.cv for one, other in zip(laws, others, strict=True) if other.cv)
    return max((abs(math.log(ratio)) for ratio in ratios), default=0.0)


def _with_law(candidate: ModelCandidate, name: str, route: int, law: TimeLaw) -> ModelCandidate:
    """Return the candidate with another law, `cpu` or `io`, of a route."""
    laws: tuple[TimeLaw, ...] = getattr(candidate, name)
    changed = (*laws[:route], law, *laws[route + 1 :])
    return dataclasses.replace(candidate, io=changed) if name == "io" else dataclasses.replace(candidate, cpu=changed)


def with_integer(candidate: ModelCandidate, name: str, value: int | None) -> ModelCandidate:
    """Return the candidate with another limit; a pool's capacity stays as it is."""
    old = candidate.structure
    structure = dataclasses.replace(old, workers=value) if name == "workers" else dataclasses.replace(old, pool=value)
    if name != "pool" or candidate.call is None or value is None:
        return dataclasses.replace(candidate, structure=structure)
    assert candidate.structure.pool is not None, candidate
    call_s = candidate.call.mean_s * value / candidate.structure.pool
    more_s = candidate.call.mean_s - call_s
    io = tuple(
        dataclasses.replace(law, mean_s=max(law.mean_s + more_s, 0.02 * law.mean_s)) if old.uses_pool(route) else law
        for route, law in enumerate(candidate.io)
    )
    return dataclasses.replace(
        candidate, structure=structure, io=io, call=dataclasses.replace(candidate.call, mean_s=call_s)
    )


def _spread_out(law: TimeLaw, family: Family) -> TimeLaw:
    """Return a law that a search can widen: no constant."""
    if law.family is not Family.CONSTANT and law.cv > 0.05:
        return law
    family = family if law.family is Family.CONSTANT else law.family
    return dataclasses.replace(law, family=family, cv=0.15)
