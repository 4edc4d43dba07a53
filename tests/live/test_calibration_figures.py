"""The figures that benchmarks/calibration_live compares, and their summary."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.calibration_live.figures import Compared, StageFigures, compared, figures_of
from benchmarks.calibration_live.tables import summary, table
from simulator.calibration.observation.observation import LoadStage
from simulator.calibration.observation.tables import ObservedRequests


def stage(latency_s: list[float], status: list[int]) -> LoadStage:
    """Return a stage of 10 s with a request every second."""
    return LoadStage(
        number=1,
        rate_rps=1.0,
        duration_s=10.0,
        warm_up_s=2.0,
        requests=ObservedRequests.of(
            sent_s=np.arange(10.0),
            latency_s=np.array(latency_s),
            status=np.array(status),
            route=np.zeros(10),
            late_s=np.zeros(10),
        ),
    )


def test_figures_are_those_of_served_requests_after_the_warm_up() -> None:
    found = figures_of(stage([9.0, 9.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 9.0, 1.5], [200] * 8 + [429, 200]))
    assert found.p50_s == pytest.approx(0.4)
    # seven answers from 2 s to 10 s, of which the last one ends after the stage and the first two do so within it
    assert found.served_rps == pytest.approx((6 + 1) / 8)


def test_a_prediction_is_the_median_of_its_draws() -> None:
    measured = StageFigures(0.1, 0.2, 50.0)
    draws = [StageFigures(0.09 + 0.01 * number, 0.3, 40.0) for number in range(5)]
    p50, p95 = compared("shop", 50.0, measured, draws, saturated=False, warnings=("busy",))
    assert (p50.name, p50.is_inside) == ("p50", True)
    assert p50.error == pytest.approx(0.1)
    assert (p95.name, p95.is_inside) == ("p95", False)
    assert p95.error == pytest.approx(0.5)
    (saturation,) = compared("shop", 60.0, measured, draws, saturated=True, warnings=())
    assert saturation.error == pytest.approx(-0.2)


def test_the_summary_counts_large_errors_and_those_that_a_warning_named() -> None:
    def row(error: float, *warnings: str) -> Compared:
        return Compared("shop", 50.0, "p50", 0.1, 0.1 * (1 + error), 0.0, 1.0, warnings)

    lines = list(summary([row(0.01), row(-0.04), row(0.3, "near saturation"), row(-0.5)]))
    assert lines[2] == "| p50 | 4 | 17.0% | 5% | -50.0% (shop at 50/s) | 2 | 1 | 100% |"
    assert len(list(table([row(0.01)]))) == 3
