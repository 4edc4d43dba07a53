"""A calibrated model for tests."""

from __future__ import annotations

from simulator.calibration.model.calibrated_model import (
    CalibratedModel,
    ComparedFigure,
    Fit,
    GoodnessOfFit,
    ModelMember,
    ModelParameter,
    ModelRoute,
    ModelSize,
    ObservedFile,
    ObservedRange,
    Provenance,
    StageFit,
    StartUpStage,
)

APPLICATION = {
    "simulated": {
        "start_up": {"lognormal": {"median": "800ms", "p95": "1.2s"}},
        "cpu": "15ms",
        "io": {"lognormal": {"mean": "60ms", "sd": "20ms"}},
        "workers": 8,
        "paths": {"/items/{id}": {"cpu": {"gamma": {"mean": "5ms", "sd": "2ms"}}}},
    },
    "downstream": {"db": {"connections": 1000, "pool": 5, "service": "4ms"}},
}


def a_model() -> CalibratedModel:
    return CalibratedModel(
        name="shop",
        application=APPLICATION,
        routes=(
            ModelRoute(name="GET /", path="/", weight=0.75),
            ModelRoute(name="GET /items/{id}", path="/items/{id}", weight=0.25, response_bytes=2048),
        ),
        parameters=(
            ModelParameter(
                name="mean CPU time",
                unit="s",
                value=0.015,
                low=0.0147,
                high=0.0154,
                how="fitted",
                key=("simulated", "cpu"),
            ),
            ModelParameter(
                name="mean CPU time of GET /items/{id}",
                unit="s",
                value=0.005,
                low=0.004,
                high=0.006,
                how="fitted",
                key=("simulated", "paths", "/items/{id}", "cpu"),
            ),
            ModelParameter(
                name="workers",
                unit="",
                value=8,
                low=8,
                high=None,
                how="unknown",
                key=("simulated", "workers"),
                sentence="Load never exceeded 40 % of capacity.",
            ),
        ),
        members=(ModelMember(weight=1.0, application=APPLICATION),),
        fit=Fit(
            stages=(
                StageFit(
                    stage=1,
                    rate_rps=10,
                    utilization=0.2,
                    figures=(ComparedFigure(name="p50_s", measured=0.08, modelled=0.079, standard_error=0.0005),),
                ),
            ),
            goodness=GoodnessOfFit(chi_square=12.5, degrees_of_freedom=11, p_value=0.33),
        ),
        client_s=0.001,
        start_up=(StartUpStage(name="listening", count=5, median_s=0.8, low_s=0.7, high_s=0.95),),
        observed=ObservedRange(
            rate_max_rps=120,
            throughput_max_rps=90,
            utilization_max=0.98,
            sizes=(ModelSize(cpu_units=1024, memory_mb=2048),),
        ),
        unknown=("The worker limit is unknown, 8 or more.",),
        provenance=Provenance(
            files=(ObservedFile(name="shop.observation.zip", sha256="0" * 64),),
            target="./shop",
            made_at="2026-11-30T15:00:00Z",
            simulator_version="0.1.0",
            seed=1,
        ),
    )
