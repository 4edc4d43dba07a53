"""The bounds of a verification as text: `p50 5 %, p95 8 %, throughput inside`.

`inside` is about all figures with this bound together: a right model passes them all in 95 of 100 verifications. The
95 % interval of each is therefore widened: of twenty figures, one would be outside of it by chance (Bonferroni).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, NamedTuple

from simulator.calibration.prediction.interval import CONFIDENCE, PredictedFigure
from simulator.model.text.problems import one_of
from simulator.model.text.quantities import Unit
from simulator.model.text.units import parse_share

INSIDE: Final = "inside"
# A value this close to the interval counts as inside: as a share of it, and in points for figures that are shares. With
# the same arrivals a throughput without errors has an interval of no width, and one lost request would be outside.
NEGLIGIBLE: Final = 0.005
_NEGLIGIBLE_POINTS: Final = 0.001
BOUNDS_DEFAULT: Final = "p50 inside, p95 inside, throughput inside"


class VerifiedFigure(NamedTuple):
    """A figure that can be verified: its name in `RunFigures`, and its unit. The difference of a share is in points."""

    field: str
    unit: Unit

    @property
    def is_share(self) -> bool:
        return self.unit == "ratio"


VERIFIED: Final = {
    "p50": VerifiedFigure("p50_s", "s"),
    "p95": VerifiedFigure("p95_s", "s"),
    "p99": VerifiedFigure("p99_s", "s"),
    "throughput": VerifiedFigure("served_rps", "rps"),
    "error_rate": VerifiedFigure("error_rate", "ratio"),
    "cpu": VerifiedFigure("cpu", "ratio"),
    "in_flight": VerifiedFigure("in_flight", "mean"),
}


@dataclass(frozen=True, slots=True)
class FigureBound:
    """The bound of a figure.

    `limit`: largest difference from the measured value, as a share of it; for figures that are shares, in points. None:
    the measured value must be inside the prediction interval, widened for the number of figures.
    """

    figure: str
    limit: float | None

    def __str__(self) -> str:
        return f"{self.figure} {INSIDE if self.limit is None else f'{100 * self.limit:g} %'}"

    def passes(self, predicted: PredictedFigure, measured: float, figures: int = 1) -> bool:
        """Return True if the measured value is within the bound. `figures`: number of those that must be inside."""
        if self.limit is None:
            low, high = widened(predicted, figures)
            slack = _NEGLIGIBLE_POINTS if VERIFIED[self.figure].is_share else NEGLIGIBLE * abs(measured)
            return low - slack <= measured <= high + slack
        return abs(difference(self.figure, predicted.value, measured)) <= self.limit


def widened(predicted: PredictedFigure, figures: int) -> tuple[float, float]:
    """Return the interval that contains each of so many figures at once with a probability of 95 %.

    The interval of one figure is stretched as that of a normal variable; of a positive figure in its logarithm.
    """
    normal = NormalDist()
    factor = normal.inv_cdf(1 - (1 - CONFIDENCE) / 2 / figures) / normal.inv_cdf(1 - (1 - CONFIDENCE) / 2)
    low, value, high = predicted.low, predicted.value, predicted.high
    if low > 0:
        return value * (low / value) ** factor, value * (high / value) ** factor
    return value - (value - low) * factor, value + (high - value) * factor


def difference(figure: str, predicted: float, measured: float) -> float:
    """Return the error of the prediction: as a share of the measured value, or in points if the figure is a share."""
    if VERIFIED[figure].is_share:
        return predicted - measured
    if measured == 0:
        return 0.0 if predicted == 0 else float("inf")
    return (predicted - measured) / measured


def parse_bounds(text: str) -> tuple[FigureBound, ...]:
    """Parse bounds: a figure, and a percentage or `inside`, separated by commas.

    Raises:
        ValueError: for another figure, a figure twice, or a bound that is no percentage.
    """
    bounds: list[FigureBound] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, limit = part.partition(" ")
        if name not in VERIFIED:
            msg = f"bound = {part}, must begin with {one_of(name, VERIFIED)}"
            raise ValueError(msg)
        if any(bound.figure == name for bound in bounds):
            msg = f"bound = {part}, must give {name} once"
            raise ValueError(msg)
        bounds.append(FigureBound(name, _limit(part, limit.strip())))
    if not bounds:
        msg = f"bound = {text!r}, must be figures with their bounds, such as 'p50 5 %, p95 8 %, throughput inside'"
        raise ValueError(msg)
    return tuple(bounds)


def _limit(part: str, text: str) -> float | None:
    if text == INSIDE:
        return None
    try:
        if not text.endswith("%"):
            raise ValueError  # noqa: TRY301 a number without % could mean a percentage or a factor
        return parse_share(text)
    except ValueError:
        msg = f"bound = {part}, must end with a percentage such as 5 %, or with `{INSIDE}`: the prediction interval"
        raise ValueError(msg) from None
