"""How far the model is from the measurement: differences of the compared figures, and the sentence about the test."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Final

from simulator.calibration.disagreement import TITLES
from simulator.calibration.model.calibrated_model import CalibratedModel, ComparedFigure, GoodnessOfFit, StageFit
from simulator.model.text.quantities import digits_text, rate_text

# The model does not agree with the measurement if chance explains the differences with a lower probability.
P_MIN: Final = 0.01


@dataclass(frozen=True, slots=True)
class FigureAccuracy:
    """The differences of a figure over the stages, as shares of the measured value. `worst_rps`: the rate of the
    largest.
    """

    title: str
    stages: int
    median_share: float
    worst_share: float
    worst_rps: float


def accuracies(model: CalibratedModel) -> tuple[FigureAccuracy, ...]:
    """Return the accuracy of each figure of all requests that was compared."""
    found = []
    for name, title in TITLES.items():
        differences = [
            (abs(each.modelled - each.measured) / each.measured, stage.rate_rps)
            for stage in model.fit.stages
            if not stage.route and (each := figure_of(stage, name)) is not None and each.measured > 0
        ]
        if differences:
            worst, at_rps = max(differences)
            middle = median(share for share, _ in differences)
            found.append(FigureAccuracy(title, len(differences), middle, worst, at_rps))
    return tuple(found)


def figure_of(stage: StageFit, name: str) -> ComparedFigure | None:
    """Return a figure of a stage; None if it was not compared."""
    return next((each for each in stage.figures if each.name == name), None)


def accuracy_text(accuracy: FigureAccuracy) -> str:
    """Return a sentence such as `p95: 1.8 % (median of 6 stages), at most 4.1 % (at 120/s)`."""
    if accuracy.stages == 1:
        return f"{accuracy.title}: {_share(accuracy.worst_share)} (one stage, {rate_text(accuracy.worst_rps)})"
    stages = f"median of {accuracy.stages} stages"
    worst = f"at most {_share(accuracy.worst_share)} (at {rate_text(accuracy.worst_rps)})"
    return f"{accuracy.title}: {_share(accuracy.median_share)} ({stages}), {worst}"


def goodness_text(goodness: GoodnessOfFit | None) -> str:
    """Return what the test of the fit says."""
    if goodness is None:
        return "This method of calibration has no test of the fit."
    freedom = goodness.degrees_of_freedom
    if goodness.p_value is None:
        return "There are as many parameters as figures, so nothing is left to test the fit."
    test = f"chi-square {digits_text(goodness.chi_square)} for {freedom} degrees of freedom, p = {goodness.p_value:.2g}"
    if goodness.p_value < P_MIN:
        return f"The model differs from the measurement by more than chance: {test}."
    return f"All figures together differ from the model by no more than chance explains: {test}."


def _share(share: float) -> str:
    return f"{digits_text(100 * share, 2)}\u00a0%"
