"""Moves a candidate to the maximum of its likelihood: Newton steps with the derivatives of `slopes`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.candidate import Kind, ModelCandidate
from simulator.calibration.fitting.estimation.slopes import Slopes, slopes
from simulator.calibration.fitting.laws import Array
from simulator.calibration.fitting.likelihood import Likelihood, Whitening

# A step that lowers the cost by less than this ends a search: half of what is to be seen by the criterion.
_LITTLE: Final = 0.5
_HALVINGS: Final = 3
_PLAYS_OF_SPEED: Final = 12  # for the change of the figures with the speed of the machine
_STEPS_OF_POLISH: Final = 3
_SHORTER: Final = 2  # lengths of a step that are tried
_LONG: Final = 2.0  # standard deviations
# Largest step of a coordinate: the derivative holds in a neighbourhood only.
_STEP_MAX: Final = 0.3
_STEP_MAX_VAGUE: Final = 0.7
_VAGUE: Final = frozenset({Kind.CPU_CV, Kind.IO_CV, Kind.CALL_CV, Kind.CONTENTION, Kind.COHERENCY})


class Refined(NamedTuple):
    """A candidate at the maximum of its likelihood.

    `whitening`: by the covariance of the candidate's own figures, in which `chi_square` (of the data alone) and
    `jacobian` (of the residuals with those that need no play) are. `estimator`: the matrix that gives the change of the
    estimate by the residuals. `kinds`: minus twice the log-probability that stages
    are overloaded, or not, as they were.
    """

    candidate: ModelCandidate
    chi_square: float
    jacobian: Array
    whitening: Whitening
    estimator: Array
    kinds: float = 0.0


def refined(
    likelihood: Likelihood,
    start: ModelCandidate,
    *,
    plays: Sequence[int],
    spread_plays: Sequence[int],
    rounds: int,
    evaluations: int = 5,
    discrepancy: float = 0.0,
) -> Refined:
    """Search the maximum of the likelihood.

    In each of `rounds`, the covariance is that of plays of the round's first candidate; in the result, that of plays of
    the result, so that results can be compared.
    """
    assert rounds > 0, rounds
    candidate, found = start, None
    whitening = _whitening(likelihood, candidate, likelihood.figures(candidate, spread_plays), plays, discrepancy)
    for _ in range(rounds):
        candidate, found = _climbed(likelihood, candidate, plays, whitening, evaluations)
        own = _whitening(likelihood, candidate, likelihood.figures(candidate, spread_plays), plays, discrepancy)
        found = _in_whitening(found, whitening, own)
        whitening = own
    assert found is not None, rounds
    residuals = likelihood.residuals(candidate, plays, whitening)
    return _result(likelihood, candidate, found, whitening, residuals, spread_plays)


def polished(
    likelihood: Likelihood,
    start: ModelCandidate,
    *,
    plays: Sequence[int],
    spread_plays: Sequence[int],
    discrepancy: float = 0.0,
) -> Refined:
    """Return the candidate after Newton steps with derivatives of `plays`, the first of `spread_plays`, whose means are
    compared with the measurement: with many plays, so that chance in the plays adds nothing to that of the measurement.

    A step is kept only if the agreement improves by the covariance at its end: near the capacity a step may lead to
    where the instance is overloaded, so that its figures vary much and the measurement is not far from them. The
    derivatives are computed again after a step that is long beside the uncertainty.
    """
    at = _polish_base(likelihood, start, spread_plays, len(plays), discrepancy)
    found = slopes(likelihood, at.candidate, at.base, plays, at.whitening)
    for _ in range(_STEPS_OF_POLISH):
        estimator = found.estimator()
        step = _bounded(at.candidate, estimator @ np.concatenate([at.residuals, likelihood.playless(at.candidate)]))
        length = float((np.abs(step) / np.sqrt((estimator**2).sum(axis=1))).max())
        for _ in range(_SHORTER):
            moved = at.candidate.moved(at.candidate.point + step)
            other = _polish_base(likelihood, moved, spread_plays, len(plays), discrepancy)
            if other.cost < at.cost:
                break
            step, length = step / 3, length / 3
        else:
            break
        gained = at.cost - other.cost
        found = (
            slopes(likelihood, other.candidate, other.base, plays, other.whitening)
            if length > _LONG
            else _in_whitening(found, at.whitening, other.whitening)
        )
        at = other
        if gained < _LITTLE:
            break
    return _result(likelihood, at.candidate, found, at.whitening, at.residuals, spread_plays)


class _PolishBase(NamedTuple):
    """A candidate with the whitening by its own figures, the residuals of the stages, its figures in the first plays,
    and minus twice its log-likelihood and that of the prior.
    """

    candidate: ModelCandidate
    whitening: Whitening
    residuals: Array
    base: list[Array]
    cost: float


def _polish_base(
    likelihood: Likelihood, candidate: ModelCandidate, plays: Sequence[int], first: int, discrepancy: float
) -> _PolishBase:
    figures = likelihood.figures(candidate, plays)
    kinds = likelihood.kinds(candidate, plays)
    whitening = _whitening(likelihood, candidate, figures, plays, discrepancy)
    base = likelihood.figures(candidate, plays[:first])
    residuals = likelihood.residuals_of(figures, whitening)
    exact = likelihood.playless(candidate)
    cost = float((residuals**2).sum() + (exact**2).sum()) + whitening.log_determinant + kinds
    return _PolishBase(candidate, whitening, residuals, base, cost)


def _result(
    likelihood: Likelihood,
    candidate: ModelCandidate,
    found: Slopes,
    whitening: Whitening,
    residuals: Array,
    plays: Sequence[int],
) -> Refined:
    return Refined(
        candidate,
        likelihood.chi_square(candidate, residuals),
        found.jacobian,
        whitening,
        found.estimator(),
        likelihood.kinds(candidate, plays),
    )


def _whitening(
    likelihood: Likelihood,
    candidate: ModelCandidate,
    figures: Sequence[Array],
    plays: Sequence[int],
    discrepancy: float,
) -> Whitening:
    """Return the whitening by the covariance of the candidate's figures, for means over `plays`."""
    speeds = likelihood.speeds(candidate, plays[:_PLAYS_OF_SPEED]) if discrepancy else ()
    return likelihood.whitening(figures, len(plays), discrepancy, speeds)


def _climbed(
    likelihood: Likelihood, start: ModelCandidate, plays: Sequence[int], whitening: Whitening, evaluations: int
) -> tuple[ModelCandidate, Slopes]:
    candidate = start
    figures = likelihood.figures(candidate, plays)
    residuals, cost = _cost(likelihood, candidate, figures, whitening)
    found = slopes(likelihood, candidate, figures, plays, whitening)
    for _ in range(evaluations):
        step = _bounded(candidate, found.estimator() @ residuals)
        for _ in range(_HALVINGS):
            moved = candidate.moved(candidate.point + step)
            its_figures = likelihood.figures(moved, plays)
            its_residuals, its_cost = _cost(likelihood, moved, its_figures, whitening)
            if its_cost < cost:
                break
            step = step / 3
        else:
            break
        gained = cost - its_cost
        candidate, figures, residuals, cost = moved, its_figures, its_residuals, its_cost
        if gained < _LITTLE:
            break
        found = slopes(likelihood, candidate, figures, plays, whitening)
    return candidate, found


def _cost(
    likelihood: Likelihood, candidate: ModelCandidate, figures: Sequence[Array], whitening: Whitening
) -> tuple[Array, float]:
    residuals = np.concatenate([likelihood.residuals_of(figures, whitening), likelihood.playless(candidate)])
    return residuals, float((residuals**2).sum())


def _bounded(candidate: ModelCandidate, step: Array) -> Array:
    """Return the step, shorter if a coordinate would move too far."""
    most = np.array([_STEP_MAX_VAGUE if each.kind in _VAGUE else _STEP_MAX for each in candidate.coordinates])
    bounded: Array = step * min(1.0, float(1 / np.maximum(np.abs(step) / most, 1e-12).max()))
    return bounded


def _in_whitening(found: Slopes, old: Whitening, new: Whitening) -> Slopes:
    """Return derivatives of residuals by a whitening as those by another."""
    return found._replace(whole=new.changed(found.whole, old))
