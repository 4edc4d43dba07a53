"""A live view of a run in the compiled backend is the same as one in the virtual loop."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from simulator.lab.compiled import accumulators
from simulator.lab.compiled.compiled_backend import compiled_run
from simulator.lab.compiled.state import new_world
from simulator.records.request_stats import StatsBySource
from simulator.records.series import RequestSeries
from simulator.replay.progress import ProgressView
from simulator.replay.runner import Run, play
from simulator.scenario.scenario import read_scenario
from simulator.traffic.shapes.arrivals import CHUNK_ARRIVALS

SCENARIO = """
duration: 30s
seed: 5
services:
  site:
    max_concurrency: 3
    max_size: 1
    application: {simulated: {io: {exponential: 40ms}}}
traffic:
  - poisson: {rate: RATE/s}
"""


class Eyes:
    """A watcher that requests all data."""

    def __init__(self) -> None:
        self.views: list[ProgressView] = []

    def due(self) -> bool:
        return True

    def update(self, view: ProgressView) -> None:
        self.views.append(view)


def views_of(run: Run) -> dict[float, ProgressView]:
    run.watcher = eyes = Eyes()
    play(run, signals=False)
    return {view.now_s: view for view in eyes.views}


@pytest.mark.slow  # compiles the kernel, unless another run on this machine has compiled it
@pytest.mark.parametrize("rate", [60, 4000])
def test_rates_and_latencies_of_the_last_seconds_are_the_virtual_loops(rate: int) -> None:
    scenario = read_scenario(SCENARIO.replace("RATE", str(rate)))

    fast, virtual = views_of(compiled_run(scenario)), views_of(Run(scenario))

    assert fast.keys() == virtual.keys()
    assert any(view.failed_rps for view in virtual.values())
    for at_s, view in virtual.items():
        if at_s > 7:  # the first view requests them, later ones have them
            assert seen(fast[at_s]) == seen(view)


@pytest.mark.slow
@pytest.mark.case("L73")
def test_a_view_is_the_same_when_rows_are_counted_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = read_scenario(SCENARIO.replace("RATE", "4000"))
    kept = views_of(compiled_run(scenario))
    monkeypatch.setattr(accumulators, "KEPT_ROWS_MAX", 1000)
    assert views_of(compiled_run(scenario)) == kept


@pytest.mark.slow
@pytest.mark.case("L73")
def test_pending_rows_of_a_view_need_no_more_memory_at_a_higher_rate() -> None:
    """60 million requests in a minute took 987 MB, because the rows of six seconds were kept."""
    counted: list[int] = []
    recorder = accumulators.Accumulators(
        1, StatsBySource(1, 0.0), RequestSeries(1, 10.0), [], lambda ended: counted.append(len(ended))
    )
    rows = new_world(1, 1, 1, CHUNK_ARRIVALS).rows
    rows["status"], rows["latency_s"], rows["intended_s"] = 200, 0.05, 1.0
    recorder.read(rows)  # compiles
    recorder.watch()
    tracemalloc.start()
    reads = 4 * accumulators.KEPT_ROWS_MAX // len(rows)
    for _ in range(reads):
        recorder.read(rows)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 80 * accumulators.KEPT_ROWS_MAX
    recorder.watch()
    assert sum(counted) == reads * len(rows)


def seen(view: ProgressView) -> tuple[Any, ...]:
    return view.offered_rps, view.served_rps, view.failed_rps, view.p50_s, view.p99_s, view.in_flight, view.active
