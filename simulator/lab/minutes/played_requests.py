"""Plays a scenario in virtual time, on the compiled backend where it pays, and returns its requests as columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.lab.minutes.row_reader import run_with_reader
from simulator.lab.minutes.service_minutes import Floats
from simulator.records.request_log import Chunk
from simulator.replay.runner import play
from simulator.scenario.scenario import ScenarioSpec


class PlayedRequests(NamedTuple):
    """Requests in the order in which they ended: sending and latency in seconds, and the status."""

    intended_s: Floats
    latency_s: Floats
    status: Floats


def played_requests(scenario: ScenarioSpec, requests: float) -> PlayedRequests:
    """Play the scenario and return its requests. `requests`: of all such runs, which chooses the backend.

    Raises what `play` raises.
    """
    chunks: list[Chunk] = []
    play(run_with_reader(scenario, requests, chunks.append), signals=False)
    columns = [
        np.concatenate([np.zeros(0), *(np.asarray(getattr(chunk, name), np.float64) for chunk in chunks)])
        for name in PlayedRequests._fields
    ]
    return PlayedRequests(*columns)
