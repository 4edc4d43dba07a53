"""The port of worker pools: every implementation gives the results of the serial run, whatever their order."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from simulator.lab.workers.in_turn import InTurn
from simulator.lab.workers.local_workers import LocalWorkers
from simulator.lab.workers.opening import worker_pool
from simulator.lab.workers.worker_pool import WorkerPool

UNITS = range(12)


def scaled(factor: int, unit: int) -> int:
    if unit == 4:
        raise ValueError("four")
    return factor * unit


def id_of_shared(shared: list[int], _unit: int) -> tuple[int, int]:
    return os.getpid(), id(shared)


@pytest.fixture(params=["in turn", "local"])
def pool(request: pytest.FixtureRequest) -> Iterator[WorkerPool]:
    with InTurn() if request.param == "in turn" else LocalWorkers(2) as opened:
        yield opened


def test_each_unit_has_its_result_or_its_error(pool: WorkerPool) -> None:
    futures = dict(pool.results(scaled, 10, UNITS))
    assert set(futures) == set(UNITS)
    assert repr(futures[4].exception()) == "ValueError('four')"
    assert {unit: future.result() for unit, future in futures.items() if unit != 4} == {
        unit: 10 * unit for unit in UNITS if unit != 4
    }
    again = {unit: future.result() for unit, future in pool.results(scaled, -1, [1, 2])}
    assert again == {1: -1, 2: -2}, "the shared value is that of the call"


def test_the_shared_value_reaches_each_worker_once() -> None:
    shared = [1] * 1000
    with LocalWorkers(2) as pool:
        seen = [future.result() for _, future in pool.results(id_of_shared, shared, UNITS)]
        seen += [future.result() for _, future in pool.results(id_of_shared, shared, UNITS)]
    assert len(set(seen)) == len({process for process, _ in seen}) <= 2


@pytest.mark.parametrize(("workers", "units", "count"), [(1, None, 1), (3, None, 3), (8, 2, 2), (8, 0, 1)])
def test_no_more_workers_are_opened_than_there_are_units(workers: int, units: int | None, count: int) -> None:
    pool = worker_pool(workers, units=units)
    assert pool.workers == count
    assert isinstance(pool, InTurn) == (count == 1)
    pool.close()
