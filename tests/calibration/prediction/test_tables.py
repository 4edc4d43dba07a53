from __future__ import annotations

import dataclasses

from simulator.calibration.model.calibrated_model import ModelSize, ObservedRange
from simulator.calibration.prediction.interval import PredictedFigure
from simulator.calibration.prediction.objectives import parse_objectives
from simulator.calibration.prediction.predict import predict
from simulator.calibration.prediction.prediction import FIGURE_KINDS, RatePrediction
from simulator.calibration.prediction.settings import PredictedService
from simulator.calibration.prediction.tables import WIDTH, interval_text, prediction_lines, table_lines
from tests.calibration.prediction.service_models import exponential, model_of


def test_an_interval_is_written_in_the_unit_of_its_value() -> None:
    assert interval_text(PredictedFigure(0.21, 0.19, 0.24), "s") == "210 ms (190 to 240)"
    assert interval_text(PredictedFigure(1.5, 0.9, 2.25), "s") == "1.50 s (0.900 to 2.25)"
    assert interval_text(PredictedFigure(0.02, 0.0, 0.031), "ratio") == "2.00 % (0 to 3.10)"
    assert interval_text(PredictedFigure(140, 131, 151.2), "rps") == "140/s (131 to 151)"
    assert interval_text(PredictedFigure(300, 20, 400), "s") == "5m00s (20.0 s to 6m40s)"
    assert interval_text(None, "s") == "-"


def test_neighbouring_spans_of_small_shares_stay_apart() -> None:
    figures: dict[str, PredictedFigure | None] = {
        kind.name: PredictedFigure(0.259, 0.233, 0.272) for kind in FIGURE_KINDS
    }
    figures["error_rate"] = PredictedFigure(0.00766, 0.00178, 0.0245)
    row = RatePrediction(30.9, figures, (), 1.0)
    prediction = predict(model_of({"io": "5ms"}), PredictedService(duration_s=6), [1])
    spans = table_lines(dataclasses.replace(prediction, rates=(row,)))[-1]
    assert spans.split()[2:4] == ["233-272", "0.18-2.5"]


def test_the_table_fits_80_columns_and_marks_what_was_not_observed() -> None:
    observed = ObservedRange(rate_max_rps=20, sizes=(ModelSize(cpu_units=1024, memory_mb=2048),))
    model = model_of({"io": exponential(0.04)}, observed=observed, unknown=["the worker limit: 8 to 200"])
    service = PredictedService(max_concurrency=3, duration_s=12)
    lines = prediction_lines(predict(model, service, [15, 1500], parse_objectives("p95 < 250 ms")))

    assert lines[0] == (
        "1 instance of 1 vCPU / 2 GB, MaxConcurrency 3 meets p95 < 250 ms at 15.0/s in 100 % of the runs."
    )
    assert max(map(len, lines[1:])) <= WIDTH
    (head,) = (line for line in lines if line.split()[:1] == ["rate"])
    assert head.split() == ["rate", "p50", "p95", "p99", "errors", "CPU", "in", "flight", "SLO"]
    rows = [line for line in lines if line.strip().startswith(("15.0/s", "1,500/s"))]
    assert [line.split()[0] for line in rows] == ["15.0/s", "1,500/s*"]
    assert "* beyond the observation: rate: an instance was observed up to 20.0/s" in lines
    assert "Unknown: the worker limit: 8 to 200" in lines
    assert any(line.startswith("Warning: the model has no members") for line in lines)
