"""Random services whose model is known, each made from its number: for the recovery benchmark and for property tests.

Numbers that Hypothesis draws itself would be mostly the smallest of their ranges, so it draws the number of the model:
a failing example is named by it, and `python -m benchmarks.calibration_recovery --first N --models 1` repeats it.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from hypothesis import strategies as st

from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.model.sizes import InstanceSize
from simulator.world.random_streams import RandomStreams

MECHANISMS: Final = ("shared", "workers", "event loop", "one processor", "contention", "lock", "pool")
_IO_FAMILIES: Final = (Family.LOGNORMAL, Family.GAMMA, Family.UNIFORM, Family.WEIBULL)
_CPU_FAMILIES: Final = (Family.GAMMA, Family.LOGNORMAL)
_SIZES: Final = (InstanceSize(), InstanceSize(2048, 4096), InstanceSize(256, 512))
_LONGEST: Final = 0.7  # of the shortest I/O time: the longest time with a connection
_POOLS: Final = (2, 7)
_IO_MOST: Final = 12.0  # I/O time in CPU times, of a service with a pool


class KnownModel(NamedTuple):
    """A model with the circumstances of its observation."""

    model: ModelCandidate
    weights: tuple[float, ...]
    size: InstanceSize
    failure_share: float


def known_models() -> st.SearchStrategy[KnownModel]:
    """Return the strategy of all models."""
    return st.integers(1, 100_000).map(known_model)


def known_model(number: int) -> KnownModel:
    """Return the model with this number.

    It has one to three routes, one of the mechanisms, one of four families of I/O time and two of CPU time for each
    route, and one of three sizes; three in ten fail some requests. A pool or a lock makes requests wait before the CPU
    does: one that never does has no effect that could be found.
    """
    rng = RandomStreams(number).stream("known model")
    mechanism = MECHANISMS[int(rng.integers(len(MECHANISMS)))]
    routes = int(rng.choice([1, 1, 2, 3]))
    size = _SIZES[int(rng.choice(3, p=[0.6, 0.25, 0.15]))]
    if mechanism == "one processor":
        size = InstanceSize(2048, 4096)
    weights = tuple(rng.uniform(0.3, 1.0, routes).tolist())
    cpu_s = np.exp(rng.uniform(math.log(0.004), math.log(0.03), routes)).tolist()
    cpu = tuple(TimeLaw(_CPU_FAMILIES[int(rng.integers(2))], each, float(rng.uniform(0.3, 1.2))) for each in cpu_s)
    structure, call, contention = AppStructure(), None, 0.0
    match mechanism:
        case "event loop":
            structure = AppStructure(is_first_come=True, parallelism=1)
        case "one processor":
            structure = AppStructure(parallelism=1)
        case "contention":
            structure, contention = AppStructure(is_contended=True), float(rng.uniform(0.02, 0.1))
        case "lock" | "pool":
            use = float(rng.uniform(1.5, 3.0))  # the capacity of the CPU in that of the pool
            least, most = _POOLS
            most = max(least, min(most, math.floor(_LONGEST * _IO_MOST * size.vcpu / use)))
            pool = 1 if mechanism == "lock" else int(rng.integers(least, most + 1))
            structure = AppStructure(pool=pool)
            held_s = use * pool * float(np.average(cpu_s, weights=weights)) / size.vcpu
            call = TimeLaw(Family.LOGNORMAL, held_s, float(rng.uniform(0.3, 0.8)))
        case _:
            pass
    io = tuple(_io(rng, each, 0.0 if call is None else call.mean_s / _LONGEST) for each in cpu_s)
    if mechanism == "workers":
        busy = 1 + io[0].mean_s / cpu[0].mean_s
        structure = AppStructure(workers=max(1, round(busy * float(rng.uniform(0.4, 1.0)) * size.vcpu)))
    failing = float(rng.uniform(0.005, 0.05)) if rng.random() < 0.3 else 0.0
    return KnownModel(ModelCandidate(structure, cpu, io, call, contention), weights, size, failing)


def _io(rng: np.random.Generator, cpu_s: float, least_s: float) -> TimeLaw:
    """Return a law of I/O time with at least this mean."""
    family = _IO_FAMILIES[int(rng.integers(len(_IO_FAMILIES)))]
    spread = float(rng.uniform(0.15, 0.5 if family is Family.UNIFORM else 1.0))
    return TimeLaw(family, max(cpu_s * float(rng.uniform(1.5, 8.0)), least_s), spread)
