"""Runs in virtual time whose ended requests are read, on the compiled backend where it pays."""

from __future__ import annotations

from collections.abc import Callable

from simulator.lab.compiled.compiled_backend import REQUESTS_MIN, why_not
from simulator.records.request_log import Chunk
from simulator.replay.runner import Run
from simulator.scenario.scenario import ScenarioSpec


def run_with_reader(scenario: ScenarioSpec, requests: float, read: Callable[[Chunk], None]) -> Run:
    """Return a run of the scenario; `read` gets its ended requests. `requests`: about how many all such runs have."""
    if requests < REQUESTS_MIN or why_not(scenario):
        run = Run(scenario)
        run.journal.subscribe(Chunk, read)
        return run
    from simulator.lab.minutes.compiled_rows import CompiledRows  # noqa: PLC0415 numba takes a second to import

    return Run(scenario, backend=CompiledRows(scenario, read))
