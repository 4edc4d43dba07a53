"""A predicted latency is named if it is uncertain, close to saturation, or where the model failed before."""

from __future__ import annotations

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.prediction.cautions import cautions
from simulator.calibration.prediction.interval import PredictedFigure
from simulator.calibration.prediction.prediction import FIGURE_KINDS, RatePrediction
from tests.calibration.model.models import a_model
from tests.calibration.page.calibrations import stage


def row(rate_rps: float | None, p95: PredictedFigure) -> RatePrediction:
    figures: dict[str, PredictedFigure | None] = {kind.name: None for kind in FIGURE_KINDS}
    figures |= {"p50_s": PredictedFigure(0.05, 0.045, 0.055), "p95_s": p95}
    return RatePrediction(rate_rps, figures, (), 1.0)


def model(off: float = 0.0) -> CalibratedModel:
    """Return a model that was observed at 50/s, and served 90/s at most."""
    known = a_model()
    return known.model_copy(
        update={"fit": known.fit.model_copy(update={"stages": (stage(1, 50, 0.05, 0.1, off=off),)})}
    )


SURE = PredictedFigure(0.1, 0.09, 0.11)


def test_figures_that_are_known_have_no_warning() -> None:
    assert list(cautions(model(), [row(50, SURE)], 1)) == []


def test_a_wide_interval_is_named() -> None:
    (text,) = cautions(model(), [row(50, PredictedFigure(0.1, 0.09, 0.15))], 1)
    assert text == "p95 at 50.0/s is uncertain: 90.0 ms to 150 ms"


def test_a_rate_close_to_the_highest_throughput_of_an_instance_is_named() -> None:
    assert list(cautions(model(), [row(140, SURE)], 2)) == []
    (text,) = cautions(model(), [row(160, SURE)], 2)
    assert text.startswith("160/s is close to saturation: 88.9 % of the 90.0/s that an instance served at most.")


def test_a_figure_is_named_where_the_model_failed() -> None:
    texts = list(cautions(model(off=-5.0), [row(52, SURE)], 1))
    assert texts == ["p95 at 52.0/s is where the model differs from the observation (+18 % at 50.0/s)"]


def test_without_a_rate_of_an_instance_only_the_interval_is_judged() -> None:
    assert list(cautions(model(off=-5.0), [row(160, SURE)], None)) == []
    (text,) = cautions(model(off=-5.0), [row(None, PredictedFigure(0.1, 0.05, 0.11))], None)
    assert text == "p95 is uncertain: 50.0 ms to 110 ms"
