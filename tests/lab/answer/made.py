"""Alternatives with known true figures, whose runs with the same seed share their traffic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.lab.answer.alternatives import Alternative
from simulator.world.random_streams import RandomStreams

RUNS = 20


def traffic(name: str, runs: int = RUNS) -> NDArray[np.float64]:
    """Return a factor for each seed by which all alternatives' cost varies."""
    return 1 + 0.2 * RandomStreams(1).stream("traffic", name).standard_normal(runs)


def made(
    name: str,
    shared: NDArray[np.float64],
    cost: float,
    p95_s: float = 0.2,
    error_rate: float = 0.001,
    *,
    noise: float = 0.01,
    failing: tuple[str, ...] = (),
    draw: str = "",
) -> Alternative:
    """Return an alternative with these true means; its own noise differs from run to run."""
    rng = RandomStreams(2).stream("own", name, draw)

    def column(mean: float) -> list[float]:
        return [float(value) for value in mean * (shared + noise * rng.standard_normal(len(shared)))]

    columns = {
        "month_usd": column(cost),
        "score": column(cost / 10),
        "latency_p95_s": [p95_s for _ in shared],
        "error_rate": [max(0.0, value) for value in column(error_rate)],
    }
    return Alternative(name, columns, failing=failing)
