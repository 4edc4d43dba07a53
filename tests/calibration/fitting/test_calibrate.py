"""Known services are observed and calibrated: structure and parameters come back."""

from __future__ import annotations

import pytest

from simulator.calibration.fitting import search
from simulator.calibration.fitting.calibrate import GivenObservation, NotCalibrated, calibrated
from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.calibration.model.calibrated_model import CalibratedModel, ObservedFile
from simulator.calibration.model.model_file import model_json, parse_model
from simulator.calibration.model.scenario_text import scenario_text
from simulator.scenario.scenario import read_scenario
from tests.calibration.fitting.known_services import observed

FILE = ObservedFile(name="shop.observation.zip", sha256="0" * 64)
IO = (TimeLaw(Family.LOGNORMAL, 0.06, 0.4),)
SHARED = ModelCandidate(AppStructure(), (TimeLaw(Family.GAMMA, 0.02, 0.6),), IO)
WORKERS = ModelCandidate(AppStructure(workers=3), (TimeLaw(Family.GAMMA, 0.01, 0.6),), IO)
EVENT_LOOP = ModelCandidate(AppStructure(is_first_come=True, parallelism=1), (TimeLaw(Family.GAMMA, 0.02, 0.6),), IO)


def model_of(service: ModelCandidate, seed: int = 1, stage_s: float = 30.0) -> CalibratedModel:
    return calibrated([GivenObservation(observed(service, seed, stage_s=stage_s), FILE)], "shop")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_REQUESTS", 6_000)
    monkeypatch.setattr(search, "_REQUESTS_FOR_SPREAD", 60_000)


@pytest.mark.slow  # the kernel is compiled on first use
@pytest.mark.timeout(2400)  # the kernel is compiled on first use, for minutes on a busy machine
@pytest.mark.usefixtures("small")
def test_workers_are_found_and_the_model_is_a_file_and_a_scenario() -> None:
    model = model_of(WORKERS, stage_s=20.0)
    workers = model.parameter("workers")
    assert (workers.low, workers.value, workers.high, workers.how) == (3, 3, 3, "fitted")
    assert model.parameter("mean CPU time of GET /0").value == pytest.approx(0.01, rel=0.05)
    assert model.parameter("mean I/O time of GET /0").value == pytest.approx(0.06, rel=0.05)
    assert parse_model(model_json(model)) == model
    scenario = read_scenario(scenario_text(model, "shop.model.json"))
    assert scenario.services["shop"].application.simulated is not None
    assert scenario.services["shop"].application.simulated.workers == 3


@pytest.mark.slow
@pytest.mark.timeout(2400)  # the kernel is compiled on first use, for minutes on a busy machine
@pytest.mark.parametrize("service", [SHARED, WORKERS, EVENT_LOOP], ids=["shared", "workers", "event-loop"])
def test_structure_and_parameters_come_back(service: ModelCandidate) -> None:
    model = model_of(service)
    simulated = model.application["simulated"]
    assert simulated.get("workers") == service.structure.workers
    assert simulated.get("cpu_order", "shared") == ("first_come" if service.structure.is_first_come else "shared")
    for name, value in (("CPU", service.cpu[0].mean_s), ("I/O", service.io[0].mean_s)):
        parameter = model.parameter(f"mean {name} time of GET /0")
        assert parameter.value == pytest.approx(value, rel=0.03)
        assert parameter.low is not None
        assert parameter.high is not None
        assert parameter.low * 0.99 <= value <= parameter.high * 1.01
    assert model.fit.goodness is not None
    assert model.fit.goodness.p_value is not None
    assert model.fit.goodness.p_value > 0.001


def test_observations_of_different_routes_are_refused() -> None:
    one = observed(SHARED, 1, stage_s=10.0)
    two = observed(ModelCandidate(AppStructure(), SHARED.cpu * 2, SHARED.io * 2), 1, weights=(1.0, 1.0), stage_s=10.0)
    with pytest.raises(
        NotCalibrated, match="observation 3 has other routes than the first: GET /0, GET /1, must be GET"
    ):
        calibrated([GivenObservation(each, FILE) for each in (one, one, two)], "shop")
