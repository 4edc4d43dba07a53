from __future__ import annotations

import json

import orjson
import pytest

from simulator.calibration.prediction import draws
from simulator.calibration.prediction.capacity import predict_capacity
from simulator.calibration.prediction.objectives import parse_objectives
from simulator.calibration.prediction.output import prediction_data, prediction_rows
from simulator.calibration.prediction.settings import PredictedService
from tests.calibration.prediction.service_models import exponential, model_of


def test_json_and_rows_have_every_figure_with_its_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "DRAWS_MIN", 6)
    model = model_of({"io": exponential(0.04)})
    service = PredictedService(instances=2, max_concurrency=3, duration_s=12)
    prediction = predict_capacity(model, service, parse_objectives("error_rate < 20 %"))
    data = json.loads(orjson.dumps(prediction_data(prediction)))

    assert data["prediction_version"] == 1
    assert data["capacity"]["an_instance_rps"] == pytest.approx(data["capacity"]["rate_rps"] / 2)
    rows = prediction_rows(prediction)
    assert len(rows) == len(data["rates"]) == 5
    for row, rate in zip(rows, data["rates"], strict=True):
        assert row["rate_rps"] == rate["rate_rps"]
        figure = rate["figures"]["p95_s"]
        assert (row["p95_s"], row["p95_s_low"], row["p95_s_high"]) == (figure["value"], figure["low"], figure["high"])
        assert row["meets"] == rate["meets"]
        assert rate["objectives"][0]["check"] == "error_rate < 20 %"
