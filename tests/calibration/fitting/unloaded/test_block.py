"""The residuals of unloaded requests determine the laws as well as the times themselves do; in real time, less."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.laws import Array, Family, TimeLaw
from simulator.calibration.fitting.unloaded.block import UnloadedBlock
from simulator.calibration.fitting.unloaded.samples import RouteSamples, UnloadedSamples
from simulator.world.random_streams import RandomStreams
from tests.calibration.fitting.unloaded.test_columns import drawn

CPU = (TimeLaw(Family.GAMMA, 0.01, 0.5), TimeLaw(Family.LOGNORMAL, 0.02, 0.8))
IO = (TimeLaw(Family.LOGNORMAL, 0.04, 0.4), TimeLaw(Family.WEIBULL, 0.09, 0.6))
MODEL = ModelCandidate(AppStructure(), CPU, IO)
COUNT = 400


def samples(seed: int, *, is_live: bool = False, slower: float = 1.0) -> UnloadedSamples:
    none = np.zeros(0)
    routes = [
        RouteSamples(
            slower * drawn(cpu, count=COUNT, seed=4 * seed + route),
            drawn(io, count=COUNT, seed=4 * seed + 2 + route),
            none,
        )
        for route, (cpu, io) in enumerate(zip(CPU, IO, strict=True))
    ]
    return UnloadedSamples(tuple(routes), is_live)


def jacobian(block: UnloadedBlock, model: ModelCandidate) -> Array:
    columns, point = [], model.point
    for place in range(len(point)):
        moves = [point + sign * 0.005 * (np.arange(len(point)) == place) for sign in (1, -1)]
        high, low = (block.residuals(model.moved(move)) for move in moves)
        columns.append((high - low) / 0.01)
    return np.stack(columns, axis=1)


def test_estimates_by_the_residuals_vary_as_those_by_the_times() -> None:
    """The standard deviation of the mean of n times is the standard deviation of a time over the root of n."""
    estimates, block = [], UnloadedBlock(samples(0))
    for seed in range(40):
        block, model = UnloadedBlock(samples(seed)), MODEL
        for _ in range(3):
            step = np.linalg.lstsq(jacobian(block, model), -block.residuals(model), rcond=None)[0]
            model = model.moved(model.point + step)
        estimates.append(model.point - MODEL.point)
    means = [0, 2, 4, 6]
    expected = np.array([CPU[0].cv, IO[0].cv, CPU[1].cv, IO[1].cv]) / np.sqrt(COUNT)
    assert np.std(estimates, axis=0)[means] == pytest.approx(expected, rel=0.3)
    stated = np.sqrt(np.diag(np.linalg.inv(jacobian(block, MODEL).T @ jacobian(block, MODEL))))
    assert np.std(estimates, axis=0) == pytest.approx(stated, rel=0.3)


def test_noise_varies_as_residuals_of_other_measurements_do() -> None:
    block = UnloadedBlock(samples(0))
    noise = block.noise(RandomStreams(1).stream("noise"), 400)
    others = np.array([(UnloadedBlock(samples(seed)).residuals(MODEL) ** 2).sum() for seed in range(40)])
    assert noise.shape == (400, block.size)
    assert float((noise**2).sum(axis=1).mean()) == pytest.approx(others.mean(), rel=0.06)


def test_in_real_time_all_cpu_times_may_differ_by_a_factor_and_their_ratios_may_not() -> None:
    block = UnloadedBlock(samples(0, is_live=True, slower=1.25))
    base = float((block.residuals(MODEL) ** 2).sum())
    assert base < 2 * block.size
    both = dataclasses.replace(MODEL, cpu=tuple(dataclasses.replace(law, mean_s=1.25 * law.mean_s) for law in CPU))
    one = dataclasses.replace(MODEL, cpu=(both.cpu[0], CPU[1]))
    assert abs(float((block.residuals(both) ** 2).sum()) - base) < 3
    assert float((block.residuals(one) ** 2).sum()) > base + 6
    exact = UnloadedBlock(samples(0, slower=1.25))
    assert float((exact.residuals(MODEL) ** 2).sum()) > float((exact.residuals(both) ** 2).sum()) + 50


def test_in_real_time_io_may_be_longer_by_what_the_cpu_time_is_shorter_under_load() -> None:
    """A route with little I/O beside its CPU time: the sum of both is that of the measurement."""
    cpu, io = TimeLaw(Family.GAMMA, 0.02, 0.5), TimeLaw(Family.LOGNORMAL, 0.005, 0.4)
    none = np.zeros(0)
    times = RouteSamples(drawn(cpu, count=COUNT), drawn(io, count=COUNT, seed=2), none)
    block = UnloadedBlock(UnloadedSamples((times,), is_live=True))

    def squares(cpu_s: float, io_s: float) -> float:
        laws = dataclasses.replace(cpu, mean_s=cpu_s), dataclasses.replace(io, mean_s=io_s)
        model = ModelCandidate(AppStructure(), (laws[0],), (laws[1],))
        return float((block.residuals(model) ** 2).sum())

    base = squares(0.02, 0.005)
    assert squares(0.018, 0.007) < base + 3
    assert squares(0.02, 0.015) > base + 1
    exact = UnloadedBlock(UnloadedSamples((times,), is_live=False))
    moved = ModelCandidate(AppStructure(), (cpu,), (dataclasses.replace(io, mean_s=0.007),))
    assert float((exact.residuals(moved) ** 2).sum()) > 100


def test_with_a_pool_the_rest_is_io_and_the_time_with_a_connection() -> None:
    """A part of the I/O time may be the time with a connection: the sum is known, its parts are not."""
    call = TimeLaw(Family.CONSTANT, 0.01)
    pooled = ModelCandidate(
        AppStructure(pool=2, pool_routes=(1,)), CPU, (IO[0], TimeLaw(Family.LOGNORMAL, 0.08, 0.6)), call
    )
    times_s = drawn(pooled.io[1], call, count=COUNT)
    given = samples(0)
    routes = (given.routes[0], given.routes[1]._replace(rest_s=times_s))
    block = UnloadedBlock(UnloadedSamples(routes, is_live=False))
    base = float((block.residuals(pooled) ** 2).sum())
    assert base < 1.5 * block.size
    without = dataclasses.replace(pooled, call=None, structure=AppStructure())
    assert float((block.residuals(without) ** 2).sum()) > base + 25


def test_latencies_alone_are_compared_with_the_sum_of_all_times() -> None:
    none = np.zeros(0)
    routes = tuple(
        RouteSamples(none, none, drawn(cpu, io, count=COUNT, seed=route))
        for route, (cpu, io) in enumerate(zip(CPU, IO, strict=True))
    )
    block = UnloadedBlock(UnloadedSamples(routes, is_live=False))
    base = float((block.residuals(MODEL) ** 2).sum())
    assert base < 1.5 * block.size
    longer = dataclasses.replace(MODEL, io=tuple(dataclasses.replace(law, mean_s=1.3 * law.mean_s) for law in IO))
    assert float((block.residuals(longer) ** 2).sum()) > base + 100
