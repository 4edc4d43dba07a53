from __future__ import annotations

import pytest

from simulator.calibration.model.calibrated_model import ObservedRange
from simulator.calibration.page.curves import load_curve, neighbours
from simulator.calibration.prediction.predict import predict
from simulator.calibration.prediction.settings import PredictedService
from simulator.model.sizes import InstanceSize
from tests.calibration.prediction.service_models import exponential, figure, model_of


def test_neighbours_are_sizes_that_app_runner_offers() -> None:
    assert list(map(str, neighbours(InstanceSize(1024, 2048)))) == ["0.5 vCPU / 1 GB", "2 vCPU / 4 GB"]
    assert list(map(str, neighbours(InstanceSize(256, 512)))) == ["0.5 vCPU / 1 GB"]
    assert list(map(str, neighbours(InstanceSize(4096, 12288)))) == ["2 vCPU / 6 GB"]


@pytest.mark.slow
@pytest.mark.parametrize("observed_rps", [0.3, 15.0, 500.0])
def test_a_curve_reaches_from_light_load_to_saturation_whatever_was_observed(observed_rps: float) -> None:
    """One worker with 50 ms serves 20/s at most: an M/M/1 queue, whose times are exponential."""
    observed = ObservedRange(rate_max_rps=observed_rps)
    model = model_of({"start_up": "0ms", "io": exponential(0.05), "workers": 1}, observed=observed)

    curve = load_curve(model)

    assert curve.saturation_rps == pytest.approx(20, rel=0.15)
    assert curve.rates_rps[0] < 0.2 * 20
    assert curve.rates_rps[-1] > 1.1 * 20
    light = curve.figures[0]["p50_s"]
    assert light is not None
    assert light.contains(0.05 / (1 - curve.rates_rps[0] / 20) * 0.693)
    assert curve.throughput_max.value == pytest.approx(20, rel=0.1)
    (row,) = predict(model, PredictedService(max_concurrency=200), [curve.rates_rps[0]]).rates
    assert figure(row, "p50_s").contains(light.value)
