"""Who watches a run in the compiled gear sees what he would see in the virtual loop."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.lab.fast_gear import fast_run
from simulator.replay.progress import ProgressView
from simulator.replay.runner import Run, play
from simulator.replay.scenario import read_scenario

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
    """Wants to see everything."""

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


@pytest.mark.slow  # compiles the kernel, unless another run on this machine has
@pytest.mark.parametrize("rate", [60, 4000])
def test_rates_and_latencies_of_the_last_seconds_are_the_virtual_loops(rate: int) -> None:
    scenario = read_scenario(SCENARIO.replace("RATE", str(rate)))

    fast, virtual = views_of(fast_run(scenario)), views_of(Run(scenario))

    assert fast.keys() == virtual.keys()
    assert any(view.failed_rps for view in virtual.values())
    for at_s, view in virtual.items():
        if at_s > 7:  # the first view asks for them, the next ones have them
            assert seen(fast[at_s]) == seen(view)


def seen(view: ProgressView) -> tuple[Any, ...]:
    return view.offered_rps, view.served_rps, view.failed_rps, view.p50_s, view.p99_s, view.in_flight, view.active
