"""Candidates beside a candidate: with other spreads to begin a search with, or with another limit."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Final

from simulator.calibration.fitting.candidate import ModelCandidate
from simulator.calibration.fitting.laws import Family, TimeLaw

_CPU_SPREADS: Final = (0.25, 0.7)  # coefficients of variation from which a search begins, beside those of its start
_APART: Final = 0.5  # logarithm of the ratio of two spreads, from which they are different starts


def with_spreads(candidate: ModelCandidate) -> list[ModelCandidate]:
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


def has_same_mechanisms(one: ModelCandidate, other: ModelCandidate) -> bool:
    """Return whether two candidates have the same mechanisms, with limits that may differ."""
    first, second = (
        dataclasses.replace(
            each.structure,
            workers=None if each.structure.workers is None else 1,
            pool=None if each.structure.pool is None else 1,
        )
        for each in (one, other)
    )
    return first == second


def with_integer(candidate: ModelCandidate, name: str, value: int | None) -> ModelCandidate:
    """Return the candidate with another limit. A pool's capacity stays as it is, and so do mean and variance of the sum
    of a request's I/O time and its time with a connection.
    """
    old = candidate.structure
    structure = dataclasses.replace(old, workers=value) if name == "workers" else dataclasses.replace(old, pool=value)
    if name != "pool" or candidate.call is None or value is None:
        return dataclasses.replace(candidate, structure=structure)
    assert old.pool is not None, candidate
    call = dataclasses.replace(candidate.call, mean_s=candidate.call.mean_s * value / old.pool)
    io = tuple(
        _rest(law, candidate.call, call) if old.uses_pool(route) else law for route, law in enumerate(candidate.io)
    )
    return dataclasses.replace(candidate, structure=structure, io=io, call=call)


def _rest(law: TimeLaw, before: TimeLaw, after: TimeLaw) -> TimeLaw:
    """Return what is left of the sum of two laws if one of them becomes another."""
    mean_s = max(law.mean_s + before.mean_s - after.mean_s, 0.02 * law.mean_s)
    variance = max(law.sd_s**2 + before.sd_s**2 - after.sd_s**2, (0.1 * law.sd_s) ** 2)
    return dataclasses.replace(law, mean_s=mean_s, cv=law.family.within(math.sqrt(variance) / mean_s))


def spread_out(law: TimeLaw, family: Family) -> TimeLaw:
    """Return a law that a search can widen: no constant."""
    if law.family is not Family.CONSTANT and law.cv > 0.05:
        return law
    family = family if law.family is Family.CONSTANT else law.family
    return dataclasses.replace(law, family=family, cv=0.15)
