"""A model with members, its curve and what to measure next, for tests of the page: nothing is played."""

from __future__ import annotations

from simulator.calibration.model.calibrated_model import (
    CalibratedModel,
    ComparedFigure,
    Fit,
    GoodnessOfFit,
    ModelMember,
    ModelParameter,
    StageFit,
    StartUpStage,
)
from simulator.calibration.page.curves import LoadCurve
from simulator.calibration.page.next_measurement import NextMeasurement
from simulator.calibration.prediction.draws import Draw
from simulator.calibration.prediction.interval import PredictedFigure
from simulator.calibration.prediction.runs import RunFigures
from tests.calibration.model.models import a_model

MEMBERS = 20


def simulated(workers: int = 8, cpu_ms: float = 8.0) -> dict[str, object]:
    return {"simulated": {"start_up": "800ms", "cpu": f"{cpu_ms:.6f}ms", "io": "60ms", "workers": workers}}


def stage(number: int, rate_rps: float, p50_s: float, p95_s: float, route: str = "", off: float = 0.0) -> StageFit:
    """Return a stage whose measured figures are `off` standard errors above the model."""
    values = {
        "p50_s": (p50_s, 0.01),
        "p95_s": (p95_s, 0.03),
        "cpu_s": (0.008, 0.01),
        "throughput_rps": (rate_rps, 0.02),
    }
    figures = tuple(
        ComparedFigure.model_validate(
            {
                "name": name,
                "measured": value * (1 + off * error),
                "modelled": value,
                "standard_error": value * error,
            }
        )
        for name, (value, error) in values.items()
    )
    return StageFit(stage=number, rate_rps=rate_rps, utilization=0.008 * rate_rps, route=route, figures=figures)


def calibrated(off: float = 0.5) -> CalibratedModel:
    """Return a model of two routes with eight load stages. `off`: how far each measured figure is from the model."""
    model = a_model()
    stages = []
    for number, rate_rps in enumerate((10.0, 20.0, 40.0, 60.0, 80.0, 100.0)):
        p50_s, p95_s = 0.06 + 0.003 / (1.2 - rate_rps / 100), 0.1 + 0.01 / (1.2 - rate_rps / 100)
        stages.append(stage(number, rate_rps, p50_s, p95_s, off=off if number % 2 else -off))
        stages += [stage(number, rate_rps, p50_s, p95_s, route.name) for route in model.routes]
    return model.model_copy(
        update={
            "application": simulated(),
            "members": tuple(ModelMember(weight=1, application=simulated(8 + each)) for each in range(MEMBERS)),
            "parameters": (
                *model.parameters,
                ModelParameter(name="CPU quota", unit="", value=1, low=None, high=None, how="given"),
            ),
            "fit": Fit(
                stages=tuple(stages), goodness=GoodnessOfFit(chi_square=38.2, degrees_of_freedom=34, p_value=0.28)
            ),
            "start_up": tuple(
                StartUpStage(name=name, count=5, median_s=median_s, low_s=0.8 * median_s, high_s=1.2 * median_s)
                for name, median_s in (("launch", 0.4), ("listening", 0.8), ("total", 1.8))
            ),
            "warnings": ("the load average of the machine was 9.8 on 2 processors",),
        }
    )


def drawn_curve(model: CalibratedModel) -> LoadCurve:
    """Return a curve of made-up figures up to 130/s."""
    rates = (12.0, 40.0, 60.0, 90.0, 110.0, 130.0)
    draws = tuple(Draw(place % MEMBERS, place, 1 / 40) for place in range(40))
    runs, figures = [], []
    for rate_rps in rates:
        p50_s, served_rps = 0.06 + 0.003 / max(0.02, 1.2 - rate_rps / 100), min(rate_rps, 115.0)
        cpu = min(1.0, 0.0085 * rate_rps)
        runs.append(
            tuple(
                RunFigures(p50_s * (1 + draw.member / 100), 2 * p50_s, 3 * p50_s, 0.0, cpu, 1.0, served_rps, 0.0)
                for draw in draws
            )
        )
        values = {"p50_s": p50_s, "p95_s": 2 * p50_s, "p99_s": 3 * p50_s, "cpu": cpu, "served_rps": served_rps}
        figures.append(
            {name: PredictedFigure(value, 0.9 * value, 1.1 * value) for name, value in values.items()}
            | {"error_rate": None, "in_flight": None, "rejected_rate": None}
        )
    return LoadCurve(model.size, 200, 115.0, rates, tuple(figures), tuple(runs), draws, 60.0, is_compiled=True)


def following() -> NextMeasurement:
    return NextMeasurement((), (), 110.0, ("Measure 110/s on 1 vCPU / 2 GB for 60 s: it tells most.",))
