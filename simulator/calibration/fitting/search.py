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

from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.estimation.families import Allowed, LawPlace, other_families, projected
from simulator.calibration.fitting.estimation.refinement import Refined, polished, refined
from simulator.calibration.fitting.estimation.variants import (
    has_same_mechanisms,
    with_integer,
    with_spreads,
)
from simulator.calibration.fitting.figures.period_cpu import route_cpu
from simulator.calibration.fitting.fit_stage import FitStage, total_requests
from simulator.calibration.fitting.laws import Family
from simulator.calibration.fitting.likelihood import Likelihood
from simulator.calibration.fitting.screening import Screened, Screening, nearest_of, one_of_each
from simulator.calibration.fitting.starting_point import CapacityFigures, capacity, evened, light_laws, under_load
from simulator.calibration.fitting.unloaded.block import UnloadedBlock
from simulator.calibration.fitting.unloaded.laws import UnloadedLaws, unloaded_laws
from simulator.calibration.fitting.unloaded.samples import UnloadedSamples

STRONG: Final = 6.0  # difference of the information criterion
_MECHANISMS_MAX: Final = 3
_FAMILIES_MAX: Final = 8  # changes of the family of a law
# A family is excluded if its log-likelihood is less than the largest by more than this.
_EXCLUDED: Final = 8.0
# Other structures that are averaged: how many, from which likelihood beside the best, and by how much the criterion of
# one with more mechanisms must be better than if these changed nothing.
_RIVALS_MAX: Final = 3
_POOLS_BESIDE: Final = 3
_WEIGHT_MIN: Final = 0.02
_NOISY: Final = 3.0  # differences of the criterion contain chance of the plays, so they count by a third
_LITTLE_BETTER: Final = 1.0
# Newton steps of a search; few suffice from where unloaded requests have given the laws.
_EVALUATIONS: Final = 8
_EVALUATIONS_FEW: Final = 4
_KEPT: Final = 2  # variants that are refined, of those screened
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
_REQUESTS_FOR_SLOPES: Final = 400_000


@dataclass(frozen=True, eq=False)
class Found:
    """The result of a search. `allowed`: the families that unloaded requests allow for each law; empty: there were no
    such requests. `rivals`: other structures that the data do not exclude, with their likelihoods in units of the best.
    """

    best: Refined
    likelihood: Likelihood
    capacity: CapacityFigures
    plays: Sequence[int]
    spread_plays: Sequence[int]
    discrepancy: float
    freedom: int
    allowed: Allowed
    rivals: tuple[tuple[Refined, float], ...] = ()


class Search:
    """One search, over the stages of all observations."""

    def __init__(
        self, stages: Sequence[FitStage], routes: int, seed: int, unloaded: UnloadedSamples | None = None
    ) -> None:
        self._stages, self._routes, self._unloaded = stages, routes, unloaded
        self._laws = [] if unloaded is None else unloaded_laws(unloaded)
        self._allowed = _allowed(self._laws)
        self._seen: list[Refined] = []
        self.likelihood = Likelihood(stages, seed, None if unloaded is None else UnloadedBlock(unloaded))
        requests = max(1, total_requests(stages))
        count = min(max(_REQUESTS // requests, 4), 12)
        spread = min(max(_REQUESTS_FOR_SPREAD // requests, 60), 200 if unloaded is None else 120)
        self._quick = range(max(6 if unloaded is None else 4, count // 2))
        slopes = min(max(_REQUESTS_FOR_SLOPES // requests, 12), _PLAYS_OF_SLOPES)
        self._slopes = slopes if unloaded is not None else _PLAYS_OF_SLOPES
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
        # with the laws of unloaded requests it is: what is missing is a mechanism, which no laws can replace
        best = self._refined(light, rounds=2) if self._unloaded is None else self._refined(light, 1, _EVALUATIONS_FEW)
        for _ in range(_MECHANISMS_MAX):
            extended = self._simplest(self._extensions(light, best), self.criterion(best) - STRONG)
            if extended is None:
                break
            if self._unloaded is not None:
                has_new_pool = best.candidate.structure.pool is None and extended.candidate.structure.pool is not None
                best = self._with_pools_beside(extended) if has_new_pool and not self._unloaded.is_live else extended
                if not self._is_poor(best, 0.0):
                    break
                continue
            best = self._refined(extended.candidate, rounds=1)
        best = self._with_integers(self._with_families(best))
        return self._averaged(best)

    def _averaged(self, best: Refined) -> Found:
        """Return the result with the structures that the data do not exclude. A structure with more mechanisms that
        agrees no better predicts the same, so it is left out. In real time no structure is the application, and what
        differs between them is within what the members vary for that reason.
        """
        if self._unloaded is None or self._unloaded.is_live:
            return self._result(self._polished(best.candidate))
        rivals: dict[AppStructure, Refined] = {}
        for each in self._seen:
            apart = self.criterion(each) - self.criterion(best)
            more = each.candidate.structure.parts - best.candidate.structure.parts
            is_better = apart < more * math.log(self._figures) - _LITTLE_BETTER
            is_other = each.candidate.structure.pool != best.candidate.structure.pool or not has_same_mechanisms(
                each.candidate, best.candidate
            )
            bound = 2 * STRONG if has_same_mechanisms(each.candidate, best.candidate) else STRONG
            if apart < bound and (more <= 0 or is_better) and is_other:
                known = rivals.get(each.candidate.structure)
                if known is None or self.criterion(each) < self.criterion(known):
                    rivals[each.candidate.structure] = each
        chosen = sorted(rivals.values(), key=self.criterion)[:_RIVALS_MAX]
        found = self._polished(best.candidate)
        others = [self._polished(each.candidate) for each in chosen]
        for each in others:
            more = each.candidate.structure.parts - found.candidate.structure.parts
            if self.criterion(each) < self.criterion(found) - (STRONG if more > 0 else 0.0):
                others, found = [*(other for other in others if other is not each), found], each
        least = self.criterion(found)
        weighed = [(each, math.exp(-(self.criterion(each) - least) / (2 * _NOISY))) for each in others]
        return dataclasses.replace(self._result(found), rivals=tuple(each for each in weighed if each[1] > _WEIGHT_MIN))

    def _with_pools_beside(self, best: Refined) -> Refined:
        """Refine the candidate with smaller and larger pools as well, as far as they agree about as well: a larger pool
        of connections that are held longer has nearly the same effect. Return the best.
        """
        found = [best]
        for step in (-1, 1):
            at = best
            for _ in range(_POOLS_BESIDE):
                pool = (at.candidate.structure.pool or 0) + step
                if pool < 1:
                    break
                at = self._with_families(self._refined(with_integer(at.candidate, "pool", pool), 1, _EVALUATIONS_FEW))
                if self.criterion(at) > self.criterion(best) + 2 * STRONG:
                    break
                found.append(at)
        return min(found, key=self.criterion)

    def _polished(self, candidate: ModelCandidate, discrepancy: float = 0.0) -> Refined:
        return polished(
            self.likelihood, candidate, plays=self._spread[: self._slopes], spread_plays=self._spread,
            discrepancy=discrepancy,
        )  # fmt: skip

    def _extensions(self, light: ModelCandidate, refined: Refined) -> list[Screened]:
        """Return the best candidate with each mechanism that it lacks, those that are to be refined. Its laws are
        distorted by what it lacks, so each is also tried with the laws of light load.
        """
        best = refined.candidate
        structure = best.structure
        undistorted = dataclasses.replace(best, cpu=light.cpu, io=light.io) if structure.pool is None else best
        is_poor = self._unloaded is not None and not self._unloaded.is_live and self._is_poor(refined)
        found = self._screening.extensions(undistorted, self._vcpu, with_pools=is_poor)
        if undistorted is best:
            return nearest_of(found, _KEPT)
        if self._unloaded is not None:
            return nearest_of(one_of_each(found), _KEPT + is_poor)
        nearest = min((each.distance for each in found), default=math.inf)
        return nearest_of([*found, *self._screening.extensions(best, self._vcpu, nearest)], _KEPT)

    def _is_poor(self, found: Refined, deviations: float = 1.0) -> bool:
        """Return whether the disagreement is that much more than chance gives: a mechanism may be missing."""
        freedom = self._figures - len(found.candidate.coordinates)
        return found.chi_square > freedom + deviations * math.sqrt(2 * freedom)

    def _first(self) -> ModelCandidate:
        if self._unloaded is None:
            laws = list(light_laws(self._stages, self._routes))
            return ModelCandidate(AppStructure(), tuple(cpu for cpu, _ in laws), tuple(io for _, io in laws))
        cpu = [each.cpu[0].law for each in self._laws]
        cpu = under_load(self._stages, cpu) if self._unloaded.is_live else cpu
        return ModelCandidate(AppStructure(), tuple(cpu), tuple(each.io[0].law for each in self._laws))

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

    def _refined(self, candidate: ModelCandidate, rounds: int, evaluations: int = _EVALUATIONS) -> Refined:
        """Return the candidate at its maximum, which is searched from several spreads of the CPU time: at light load
        they have little influence, so that a search from one of them may end beside the maximum.
        """
        starts = [candidate] if self._has_periods or self._unloaded is not None else with_spreads(candidate)
        found = [self._climbed(start, rounds, evaluations) for start in starts]
        best = min(found, key=self.criterion)
        self._seen.append(best)
        return best

    def criterion(self, found: Refined) -> float:
        """Return the Bayesian information criterion, with a parameter for each limit of the structure.

        The figures of a candidate near its saturation vary so much that no measurement is far from them: so the
        likelihood contains the determinant of their covariance.
        """
        count = len(found.candidate.coordinates) + found.candidate.structure.parts
        likelihood = found.chi_square + found.whitening.log_determinant + found.kinds
        return likelihood + count * math.log(self._figures)

    def _simplest(self, variants: Sequence[Screened], below: float = math.inf) -> Refined | None:
        """Return the simplest of the candidates for whose rivals the evidence is not strong; None if all of
        them are above a bound of the criterion.
        """
        if not variants:
            return None
        evaluations = _EVALUATIONS if self._unloaded is None else _EVALUATIONS_FEW
        found = [self._refined(each.candidate, rounds=1, evaluations=evaluations) for each in variants]
        least = min(map(self.criterion, found))
        if least >= below:
            return None
        close = [each for each in found if self.criterion(each) <= least + STRONG]
        return min(close, key=lambda each: (each.candidate.structure.parts, self.criterion(each)))

    # --- families of laws ---------------------------------------------------------------------------------------------

    def _with_families(self, best: Refined) -> Refined:
        """Try other families of the laws, as long as that improves the agreement."""
        for _ in range(_FAMILIES_MAX):
            options = other_families(self.likelihood, best, self._quick, self._allowed)
            nearest = min(options, key=lambda each: each.cost, default=None)
            if nearest is None or nearest.cost > -1.0:
                return best
            changed = self._refined(nearest.candidate, rounds=1, evaluations=3)
            if self.criterion(changed) >= self.criterion(best) - 0.5:
                return best
            best = changed
        return best

    def _projected(self, best: Refined, other: ModelCandidate) -> float:
        """Return the chi-square of another candidate after the best linear change of the parameters."""
        return projected(self.likelihood, best, other, self._quick)[0]

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
        return Found(
            best, self.likelihood, self._capacity, self._plays, self._spread, discrepancy, freedom, self._allowed
        )

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


def _allowed(laws: Sequence[UnloadedLaws]) -> Allowed:
    """Return the families that are not excluded for each law."""
    found: dict[LawPlace, frozenset[Family]] = {}
    for route, each in enumerate(laws):
        for name, likely in (("cpu", each.cpu), ("io", each.io)):
            if len(likely) > 1:
                least = likely[0].log_likelihood - _EXCLUDED
                found[LawPlace(name, route)] = frozenset(law.law.family for law in likely if law.log_likelihood > least)
    return found
