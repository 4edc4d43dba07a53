"""From the metrics of one day to the band of the next: small with few draws, and eight hours with the target."""

from __future__ import annotations

import json

import numpy as np
import pytest

from simulator.calibration.from_metrics import candidate_runs
from simulator.calibration.from_metrics.candidate_runs import MeteredService
from simulator.calibration.from_metrics.day_band import FigureBand, day_bands
from simulator.calibration.from_metrics.metrics_model import calibrate_metrics
from simulator.calibration.model.model_file import model_json, parse_model
from simulator.lab.minutes.minute_recorder import recorded_minutes
from simulator.lab.minutes.service_minutes import ServiceMinutes
from simulator.scenario.scenario import read_scenario

FIXED = MeteredService(min_size=1, max_size=1, policy="fixed")
TRUTH = {
    "cpu": {"lognormal": {"mean": "120ms", "sd": "60ms"}},
    "io": {"lognormal": {"mean": "300ms", "sd": "150ms"}},
}


def played(shape: dict[str, object], minutes: int, seed: int) -> ServiceMinutes:
    section = {"min_size": 1, "max_size": 1, "policy": "fixed", "application": {"simulated": TRUTH}}
    document = {
        "version": 1,
        "name": "truth",
        "seed": seed,
        "duration": f"{60 * minutes}s",
        "services": {"shop": section},
        "traffic": [shape],
    }
    return recorded_minutes(read_scenario(json.dumps(document)), requests=0)


def test_a_band_is_widened_by_what_the_first_day_needs() -> None:
    measured = np.array([1.0] * 19 + [2.0])
    band = FigureBand("cpu", np.full(20, 0.9), np.full(20, 1.0), measured, 1.0)

    assert band.held == 0.95
    assert band.needed == 1.0
    tighter = band._replace(measured=np.array([1.2, 0.7] + [np.nan] * 18))
    assert tighter.judged == 2
    assert tighter.held == 0.0
    assert tighter.wider(tighter.needed).held == 1.0


def test_the_band_of_a_small_recording_holds_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidate_runs, "_REQUESTS_OF_LEVEL", 300)
    first = played({"ramp": {"start": "0.8/s", "end": "5/s", "over": "1500s"}}, 25, seed=1)
    second = played({"sine": {"low": "1/s", "high": "4/s", "period": "600s"}}, 12, seed=2)

    model = calibrate_metrics(first, FIXED, "shop", candidates=3)
    bands = day_bands(model, first, second, FIXED, draws=4)

    assert parse_model(model_json(model)) == model
    cpu = model.parameter("mean CPU time of a request")
    assert cpu.value == pytest.approx(0.12, rel=0.06)
    # three levels and five groups of the busiest minutes, with two differences each, that are those of chance
    assert model.warnings == ()
    assert {band.name for band in bands} == {"latency_p50_s", "latency_p95_s", "cpu"}
    assert all(band.judged == 12 for band in bands)
    assert all(band.held >= 0.75 for band in bands)  # nine of twelve minutes, with four draws
    assert any("worker limit" in sentence for sentence in model.unknown)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_band_of_eight_hours_holds_nine_tenths_of_those_of_another_day() -> None:
    """`python -m benchmarks.next_day` shows it for a whole day."""
    from benchmarks.next_day import measure  # noqa: PLC0415 it needs the data of the scenarios

    assert measure(hours=8, candidates=30, draws=20)
