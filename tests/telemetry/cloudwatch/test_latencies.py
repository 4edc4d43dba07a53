"""Latencies as values and counts: CloudWatch's statistics of them are those of the latencies."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.records.histogram import quantile_rank
from simulator.telemetry.cloudwatch.latencies import Latencies


def told(*chunks: list[float]) -> list[tuple[float, int]]:
    latencies = Latencies()
    for chunk in chunks:
        latencies.record(np.array(chunk, dtype=np.float64))
    return latencies.values()


def test_without_requests_there_is_nothing() -> None:
    assert told() == told([]) == []


def test_few_requests_are_sent_as_exact_values() -> None:
    assert told([0.25]) == [(250.0, 1)]
    assert told([0.25, 0.25], [0.25]) == [(250.0, 3)]
    assert told([0.3, 0.1], [0.2]) == [(100.0, 1), (200.0, 1), (300.0, 1)]
    assert told([-1e-12, 0.0]) == [(0.0, 2)]


@pytest.mark.parametrize("seed", range(3))
def test_statistics_are_exact_and_percentiles_within_a_bucket(seed: int) -> None:
    drawn = np.random.Generator(np.random.PCG64(seed)).lognormal(-2.5, 1.0, 20_000)
    latencies = Latencies()
    for chunk in np.array_split(drawn, 7):
        latencies.record(chunk)
    values, counts = (np.array(column) for column in zip(*latencies.values(), strict=True))
    assert len(set(values.tolist())) == len(values) < 2_000
    assert (np.diff(values) > 0).all()
    assert counts.sum() == drawn.size
    assert (values * counts).sum() / 1000 == pytest.approx(drawn.sum(), rel=1e-9)
    assert (values[0], values[-1]) == pytest.approx((1000 * drawn.min(), 1000 * drawn.max()), abs=1e-6)
    for percentile in (50, 90, 99, 99.9):
        rank = quantile_rank(percentile / 100, drawn.size)
        there = values[np.searchsorted(np.cumsum(counts), rank)] / 1000
        assert there == pytest.approx(np.sort(drawn)[rank - 1], rel=1 / 128)
