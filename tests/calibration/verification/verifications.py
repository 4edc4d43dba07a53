"""Verifications for tests: a simulated service in virtual time in place of a real one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.observing.observed_service import ObservedService
from simulator.calibration.prediction.settings import PredictedService
from simulator.calibration.verification.bounds import parse_bounds
from simulator.calibration.verification.verification import Verification
from simulator.calibration.verification.verify import routes_of, verify
from simulator.model.sizes import InstanceSize

SETTINGS = PredictedService(max_concurrency=200, duration_s=12, warm_up_s=2, seed=5)


def service_of(model: CalibratedModel, truth: Mapping[str, Any]) -> ObservedService:
    return ObservedService.of_application(
        {"simulated": dict(truth)}, InstanceSize(1024, 2048), routes_of(model), target="command ./shop"
    )


def verified(
    model: CalibratedModel,
    truth: Mapping[str, Any],
    rates_rps: tuple[float, ...] = (20.0,),
    bounds: str = "p50 inside, throughput inside",
    repeats: int = 1,
    settings: PredictedService = SETTINGS,
) -> Verification:
    """Return the verification of the model at a service that is `truth`, a section `simulated`."""
    return verify(model, service_of(model, truth), settings, rates_rps, parse_bounds(bounds), repeats=repeats)
