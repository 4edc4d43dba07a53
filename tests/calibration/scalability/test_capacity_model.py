"""Tests of the model of a capacity test: known networks come back, with intervals, and can be played."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.calibration.model.calibrated_model import CalibratedModel, ObservedFile
from simulator.calibration.model.model_file import model_json, parse_model
from simulator.calibration.prediction.predict import predict
from simulator.calibration.prediction.settings import PredictedService
from simulator.calibration.scalability import capacity_model as module
from simulator.calibration.scalability.capacity_file import MeasuredCapacity
from simulator.calibration.scalability.capacity_model import NoCapacityModel, capacity_model
from simulator.calibration.scalability.closed_network import ClosedNetwork
from simulator.calibration.scalability.scalability_fit import fit_scalability
from simulator.lab.scalability.law import Floats
from simulator.model.sizes import InstanceSize
from simulator.world.random_streams import RandomStreams
from tests.calibration.prediction.service_models import figure

LOADS = np.array([1, 2, 4, 8, 16, 32, 64, 1, 4, 16, 64], dtype=np.float64)
FILE = ObservedFile(name="capacity.csv", sha256="0" * 64)
ONE = InstanceSize(1024, 2048)


@pytest.fixture(autouse=True)
def few_refits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REFITS", 40)


def measured(network: ClosedNetwork, vcpu: float, error: float = 0.02, loads: Floats = LOADS) -> Floats:
    noise = RandomStreams(5).stream("noise").normal(0, error, len(loads))
    return np.asarray(network.throughput(loads, vcpu) * np.exp(noise))


def model_of(
    throughputs: Floats, loads: Floats = LOADS, size: InstanceSize | None = ONE, load_name: str = "users"
) -> CalibratedModel:
    fit = fit_scalability(MeasuredCapacity("capacity.csv", load_name, loads, throughputs, "rps"))
    return capacity_model(fit, "shop", FILE, size)


def test_a_known_network_comes_back_with_its_intervals_and_is_a_model_file() -> None:
    truth = ClosedNetwork(0.010, 0.030, 0.02)
    model = model_of(measured(truth, 1.0))
    assert parse_model(model_json(model)) == model
    for name, value in (
        ("mean CPU time of GET /", truth.cpu_s),
        ("mean I/O time of GET /", truth.io_s),
        ("contention", truth.contention),
    ):
        parameter = model.parameter(name)
        assert parameter.value == pytest.approx(value, rel=0.15)
        assert parameter.low is not None
        assert parameter.high is not None
        assert parameter.low <= value <= parameter.high
    assert model.application["simulated"]["contention"] == pytest.approx(0.02, rel=0.15)
    assert model.observed.in_flight_max == 64
    assert not model.warnings


def test_without_contention_there_is_none_in_the_application() -> None:
    model = model_of(measured(ClosedNetwork(0.010, 0.050), 1.0))
    assert set(model.application["simulated"]) == {"cpu", "io"}
    assert any("still highest" in text for text in model.warnings) == (
        np.argmax(measured(ClosedNetwork(0.01, 0.05), 1.0)) in (6, 10)
    )


def test_up_to_as_many_requests_as_vcpus_the_law_has_no_io() -> None:
    loads = np.array([1, 2, 3, 4, 1, 2, 3, 4], dtype=np.float64)
    truth = ClosedNetwork(0.010, 0.0, 0.10)
    model = model_of(measured(truth, 4.0, 0.005, loads), loads, InstanceSize(4096, 8192))
    assert model.parameter("contention").value == pytest.approx(0.10, rel=0.1)
    assert any("what is CPU and what is I/O is unknown" in text for text in model.unknown)


def test_a_prediction_has_the_throughput_and_wide_quantiles() -> None:
    truth = ClosedNetwork(0.010, 0.030, 0.02)
    model = model_of(measured(truth, 1.0))
    (row,) = predict(model, PredictedService(duration_s=25), [40]).rates
    assert figure(row, "served_rps").contains(40)
    assert figure(row, "cpu").value == pytest.approx(0.40, rel=0.15)
    p99 = figure(row, "p99_s")
    assert p99.high > 1.5 * p99.low  # the distributions are unknown


def test_what_the_file_does_not_tell_is_named() -> None:
    throughputs = measured(ClosedNetwork(0.010, 0.030, 0.02), 1.0)
    fit = fit_scalability(MeasuredCapacity("capacity.csv", "N", LOADS, throughputs, "X"))
    model = capacity_model(fit, "shop", FILE, None)
    assert [text.partition(":")[0] for text in model.warnings] == [
        "The size of the instance is unknown and taken as 1 vCPU / 2 GB",
        "The column X is taken as requests/s.",
    ]
    other = model_of(np.where(LOADS == 8, 1.4, 1.0) * throughputs)
    assert any("differs from the measurement by up to" in text for text in other.warnings)


@pytest.mark.parametrize(
    ("load_name", "loads", "why"),
    [
        ("Processors", LOADS, "the loads are processors"),
        ("users", np.array([1, 1.5, 2, 3, 4]), "a load is 1.5"),
    ],
)
def test_loads_that_are_no_requests_in_progress_have_no_model(load_name: str, loads: Floats, why: str) -> None:
    with pytest.raises(NoCapacityModel, match=why):
        model_of(10 * loads, loads, load_name=load_name)
