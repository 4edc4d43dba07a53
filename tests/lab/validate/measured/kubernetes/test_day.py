"""The measured HPA: the published series agree with the figures, and the levels with the closed law."""

from __future__ import annotations

import pytest

from simulator.lab.validate.ground_truth import rows
from simulator.lab.validate.measured.kubernetes.day import LEVELS, LoadLevel

HOUR_S = 3600.0


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_the_rate_of_a_level_follows_from_its_users_and_its_latency(level: LoadLevel) -> None:
    """N users who think 4 s on average and wait R send N / (4 + R) requests/s."""
    assert level.users / (4 + level.latency_s) == pytest.approx(level.rate_rps, rel=0.006)


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_the_figures_of_a_level_are_means_of_the_published_series(level: LoadLevel) -> None:
    begin_h, end_h = level.begin_h, level.end_h
    days = (0, 24)
    load = [
        float(row["requests_in_5min"]) / 300
        for row in rows("hpa_experiments/hpa_long_load_2020.csv")
        for day in days
        if begin_h + day <= float(row["hour"]) < end_h + day
    ]
    latency = [
        float(row["avg_ms"]) / 1000
        for row in rows("hpa_experiments/hpa_long_latency_2020.csv")
        for day in days
        if begin_h + day <= float(row["hour"]) < end_h + day
    ]
    assert sum(load) / len(load) == pytest.approx(level.rate_rps, rel=0.01)
    assert sum(latency) / len(latency) == pytest.approx(level.latency_s, rel=0.02)
