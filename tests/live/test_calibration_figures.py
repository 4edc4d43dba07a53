"""The figures that benchmarks/calibration_live compares, and their summary."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.calibration_live.applications import APPLICATIONS
from benchmarks.calibration_live.experiment import Experiment, Times, experiment
from benchmarks.calibration_live.figures import Compared, StageFigures, compared, figures_of
from benchmarks.calibration_live.tables import summary, table
from simulator.calibration.observation.observation import LoadStage
from simulator.calibration.observation.tables import ObservedRequests
from tests.calibration.model.models import a_model
from tests.calibration.page.calibrations import stage as differing


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
    measured = stage([0.1] * 9 + [0.2], [200] * 10)
    draws = [StageFigures(0.09 + 0.01 * number, 0.3, 0.8) for number in range(5)]
    p50, p95 = compared("shop", measured, a_model(), draws, saturated=False, warnings=["busy"])
    assert (p50.name, p50.is_inside) == ("p50", True)
    assert p50.error == pytest.approx(0.1)
    assert (p95.name, p95.is_inside) == ("p95", False)
    assert p95.error == pytest.approx(0.3 / (0.1 + 0.1 * 0.65) - 1)  # between the two largest of eight latencies
    (saturation,) = compared("shop", measured, a_model(), draws, saturated=True)
    assert saturation.error == pytest.approx(-0.2)


def test_the_warnings_are_those_of_a_prediction() -> None:
    model = a_model()  # observed at 10/s, and 90/s at most
    stages = (differing(1, 10.0, 0.1, 0.2, off=9.0),)
    model = model.model_copy(update={"fit": model.fit.model_copy(update={"stages": stages})})
    draws = [StageFigures(0.1, 0.1 + 0.05 * number, 0.8) for number in range(5)]
    known = stage([0.1] * 10, [200] * 10)
    p50, p95 = compared("shop", known, model, draws, saturated=False)
    assert p50.warnings == ()
    assert p95.warnings == (
        "is uncertain: 105 ms to 295 ms",
        "is where the model differs from the observation (-21 % at 10.0/s)",
    )
    (saturation,) = compared(
        "shop", known, model, [StageFigures(0.1, 0.2, 0.5 + 0.1 * n) for n in range(5)], saturated=True
    )
    assert saturation.warnings[0] == "is uncertain: 0.510/s to 0.890/s"
    busy = dataclasses.replace(known, rate_rps=80.0)
    assert compared("shop", busy, model, draws, saturated=False)[0].warnings[0].startswith("is close to saturation")


def test_the_summary_counts_large_errors_and_those_that_a_warning_named() -> None:
    def row(error: float, *warnings: str) -> Compared:
        return Compared("shop", 50.0, "p50", 0.1, 0.1 * (1 + error), 0.0, 1.0, warnings)

    lines = list(summary([row(0.01), row(-0.04), row(0.3, "near saturation"), row(-0.5)]))
    assert lines[2] == "| p50 | 4 | 17.0% | 5% | -50.0% (shop at 50/s) | 2 | 1 | 100% |"
    assert len(list(table([row(0.01)]))) == 3


def test_a_result_in_the_folder_is_read_instead_of_measured(tmp_path: Path) -> None:
    row = Compared("node", 50.0, "p50", 0.1, 0.11, 0.09, 0.12, ("is uncertain",))
    done = Experiment("node", "The requests wait as in an event loop.", (row,), ("a note",), (0.5, 0.7))
    (tmp_path / "node-7.result.json").write_text(json.dumps(dataclasses.asdict(done)), encoding="utf-8")
    assert experiment(APPLICATIONS["node"], Times(seed=7), tmp_path) == done
