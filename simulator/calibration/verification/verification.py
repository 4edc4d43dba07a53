"""The result of a verification: predicted and measured figures of each load, and whether they are within the bounds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.calibration.observation.observation import late_limit_s
from simulator.calibration.prediction.interval import PredictedFigure
from simulator.calibration.prediction.prediction import RatePrediction
from simulator.calibration.verification.bounds import VERIFIED, FigureBound, difference
from simulator.calibration.verification.live_load import MeasuredLoad

VERIFICATION_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class ComparedLoadFigure:
    """A figure of a load. `measured`: the median of the `values` of the repeats; None: nothing was measured.

    `predicted`: with the arrivals of the measured runs; `any_arrivals`: of a run with other arrivals at the same rate.
    `error`: of the prediction, as a share of the measured value, or in points if the figure is a share. `bound`: None
    if the figure is shown without a bound; `passed` is then None too.
    """

    name: str
    predicted: PredictedFigure | None
    values: tuple[float | None, ...]
    bound: FigureBound | None
    together: int = 1  # number of figures of the verification that must be inside their intervals
    any_arrivals: PredictedFigure | None = None

    @property
    def measured(self) -> float | None:
        known = [value for value in self.values if value is not None]
        return statistics.median(known) if known else None

    @property
    def error(self) -> float | None:
        if self.predicted is None or self.measured is None:
            return None
        return difference(self.name, self.predicted.value, self.measured)

    @property
    def is_inside(self) -> bool:
        """True if the measured value is inside the prediction interval."""
        return self.predicted is not None and self.measured is not None and self.predicted.contains(self.measured)

    @property
    def passed(self) -> bool | None:
        if self.bound is None:
            return None
        if self.predicted is None or self.measured is None:
            return self.predicted is None and self.measured is None
        return self.bound.passes(self.predicted, self.measured, self.together)


@dataclass(frozen=True, slots=True)
class VerifiedLoad:
    """A load: its rate of the whole service, its figures, and the runs in which they were measured."""

    rate_rps: float
    figures: tuple[ComparedLoadFigure, ...]
    runs: tuple[MeasuredLoad, ...]
    beyond: tuple[str, ...] = ()

    @property
    def is_client_late(self) -> bool:
        """True if in one of the runs more than 1 % of the requests were sent late."""
        return any(run.late_p99_s > late_limit_s(run.figures.p50_s or 0.0) for run in self.runs)


@dataclass(frozen=True, slots=True)
class Verification:
    """The verification of a model. `service` describes the settings, `target` what was measured."""

    model: str
    target: str
    service: str
    bounds: tuple[FigureBound, ...]
    duration_s: float
    warm_up_s: float
    repeats: int
    seed: int
    loads: tuple[VerifiedLoad, ...]
    warnings: tuple[str, ...] = ()

    @property
    def judged(self) -> list[tuple[VerifiedLoad, ComparedLoadFigure]]:
        """The figures that have a bound, with their loads."""
        return [(load, figure) for load in self.loads for figure in load.figures if figure.bound is not None]

    @property
    def failed(self) -> list[tuple[VerifiedLoad, ComparedLoadFigure]]:
        """The figures outside their bounds."""
        return [(load, figure) for load, figure in self.judged if not figure.passed]

    @property
    def passed(self) -> bool:
        return not self.failed


def verified_load(
    any_arrivals: RatePrediction,
    same_arrivals: RatePrediction,
    runs: Sequence[MeasuredLoad],
    bounds: Sequence[FigureBound],
    shown: Sequence[str],
    together: int,
) -> VerifiedLoad:
    """Return the comparison of a load with the prediction for its arrivals.

    `shown`: names of figures, with or without a bound.
    """
    by_name = {bound.figure: bound for bound in bounds}
    assert any_arrivals.rate_rps is not None, "a load has a rate"
    figures = [
        ComparedLoadFigure(
            name,
            same_arrivals.figures[VERIFIED[name].field],
            tuple(getattr(run.figures, VERIFIED[name].field) for run in runs),
            by_name.get(name),
            together,
            any_arrivals.figures[VERIFIED[name].field],
        )
        for name in shown
    ]
    return VerifiedLoad(any_arrivals.rate_rps, tuple(figures), tuple(runs), tuple(any_arrivals.beyond))
