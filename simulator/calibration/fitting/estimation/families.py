"""Other families of the laws of a candidate, each with the change of the parameters that goes with it.

The change is linear: the figures of the stages with the other family, and the derivatives at the candidate,
give the estimate that a search from there would find, and how well it would agree.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.candidate import ModelCandidate
from simulator.calibration.fitting.estimation.refinement import Refined
from simulator.calibration.fitting.estimation.slopes import INFORMATION_MIN
from simulator.calibration.fitting.laws import Array, Family, TimeLaw
from simulator.calibration.fitting.likelihood import Likelihood

# A family whose range of spreads is missed by more than this is out of the question.
_BEYOND: Final = 1.1


class LawPlace(NamedTuple):
    """Which law of a candidate: `cpu` or `io` of a route, or `call`."""

    name: str
    route: int = 0


Allowed = Mapping[LawPlace, frozenset[Family]]
"""The families that are possible for a law; those of a law that is not there are all."""


class OtherFamily(NamedTuple):
    """A law of another family. `candidate`: with it, and with the change of the other parameters.
    `cost`: minus twice the log-likelihood, less that of the candidate with which it is compared.
    """

    place: LawPlace
    candidate: ModelCandidate
    cost: float


def law_at(candidate: ModelCandidate, place: LawPlace) -> TimeLaw:
    """Return a law of a candidate."""
    if place.name == "call":
        assert candidate.call is not None, place
        return candidate.call
    laws: tuple[TimeLaw, ...] = candidate.cpu if place.name == "cpu" else candidate.io
    return laws[place.route]


def with_law(candidate: ModelCandidate, place: LawPlace, law: TimeLaw) -> ModelCandidate:
    """Return the candidate with another law."""
    if place.name == "call":
        return dataclasses.replace(candidate, call=law)
    laws: tuple[TimeLaw, ...] = candidate.cpu if place.name == "cpu" else candidate.io
    changed = (*laws[: place.route], law, *laws[place.route + 1 :])
    return (
        dataclasses.replace(candidate, cpu=changed)
        if place.name == "cpu"
        else dataclasses.replace(candidate, io=changed)
    )


def other_families(likelihood: Likelihood, best: Refined, plays: Sequence[int], allowed: Allowed) -> list[OtherFamily]:
    """Return the candidate with each other family of one of its laws."""
    base, _ = projected(likelihood, best, best.candidate, plays)
    found = []
    for place in _places(best.candidate):
        for changed in _changed(best.candidate, place, allowed):
            cost, point = projected(likelihood, best, changed, plays)
            found.append(OtherFamily(place, changed.moved(point), cost - base))
    return found


def projected(
    likelihood: Likelihood, best: Refined, other: ModelCandidate, plays: Sequence[int]
) -> tuple[float, Array]:
    """Return the sum of the squares of the residuals of another candidate after the best linear change of its
    parameters, and the parameters.
    """
    stages = likelihood.residuals(other, plays, best.whitening)
    residuals = np.concatenate([stages, likelihood.playless(other)])
    jacobian = np.concatenate([best.jacobian[: len(stages)], likelihood.playless_slopes(other)])
    information = jacobian.T @ jacobian + INFORMATION_MIN * np.eye(jacobian.shape[1])
    step = -np.linalg.solve(information, jacobian.T @ residuals)
    return float(((residuals + jacobian @ step) ** 2).sum()), other.point + step


def _places(candidate: ModelCandidate) -> Iterator[LawPlace]:
    for route in range(len(candidate.cpu)):
        yield LawPlace("io", route)
        yield LawPlace("cpu", route)
    if candidate.call is not None:
        yield LawPlace("call")


def _changed(candidate: ModelCandidate, place: LawPlace, allowed: Allowed) -> Iterator[ModelCandidate]:
    law = law_at(candidate, place)
    if law.family is Family.CONSTANT:
        return
    for family in allowed.get(place, frozenset(Family)):
        low, high = family.cv_range
        if family is law.family or not high or not low / _BEYOND <= law.cv <= high * _BEYOND:
            continue
        yield with_law(candidate, place, dataclasses.replace(law, family=family, cv=family.within(law.cv)))
