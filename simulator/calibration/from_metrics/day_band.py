"""The band in which a model expects the metrics of a recording: for each minute, 95 % of what its members do.

Every draw plays the requests of the recording, minute by minute, with its own arrivals, through the simulated platform
with the service's settings. The band of a minute reaches from the 2.5 % to the 97.5 % quantile of the draws. A model of
few parameters is no copy of a service, so the band is widened by the factor that contains 95 % of the minutes of the
recording that the model was fitted to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.from_metrics.candidate_runs import MeteredService, play_minutes
from simulator.calibration.from_metrics.metrics_model import IDLE
from simulator.calibration.members import resampled
from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.prediction.model_scenario import requests_of, scaled_to
from simulator.lab.minutes.service_minutes import Floats, ServiceMinutes

FIGURES: Final = ("latency_p50_s", "latency_p95_s", "cpu")
DRAWS: Final = 20
COVERED: Final = 0.95


class FigureBand(NamedTuple):
    """A figure: the band and the measured value of each minute, NaN where the draws or the metrics have none.

    `widened`: the factor of both ends, 1 for none.
    """

    name: str
    low: Floats
    high: Floats
    measured: Floats
    widened: float

    @property
    def judged(self) -> int:
        """The number of minutes that have a band and a measured value."""
        return int((np.isfinite(self.measured) & np.isfinite(self.low)).sum())

    @property
    def held(self) -> float:
        """The share of these minutes whose measured value is in the band."""
        inside = (self.measured >= self.low) & (self.measured <= self.high)
        return float(inside.sum()) / max(1, self.judged)

    def wider(self, factor: float) -> FigureBand:
        """Return the band with its ends moved outwards by the factor."""
        return self._replace(low=self.low / factor, high=self.high * factor, widened=factor)

    @property
    def needed(self) -> float:
        """The factor with which the band contains `COVERED` of the minutes, at least 1."""
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios = np.maximum(self.low / self.measured, self.measured / self.high)
        known = ratios[np.isfinite(ratios)]
        return max(1.0, float(np.quantile(known, COVERED, method="inverted_cdf"))) if len(known) else 1.0


def day_bands(
    model: CalibratedModel,
    fitted: ServiceMinutes | None,
    following: ServiceMinutes,
    service: MeteredService,
    *,
    seed: int = 1,
    draws: int = DRAWS,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[FigureBand]:
    """Return the bands of the minutes of `following`. `fitted`: minutes that the model was fitted to, which tell by how
    much the bands must be wider; None: as the draws have them.
    """
    count = draws if fitted is None else 2 * draws

    def told(done: int) -> None:
        tell(done, count)

    if fitted is None:
        return _bands(model, following, service, seed, draws, told)
    before = _bands(model, fitted, service, seed, draws, told)
    after = _bands(model, following, service, seed + draws, draws, lambda done: told(done + draws))
    return [band.wider(known.needed) for known, band in zip(before, after, strict=True)]


def _bands(
    model: CalibratedModel,
    minutes: ServiceMinutes,
    service: MeteredService,
    seed: int,
    draws: int,
    told: Callable[[int], None],
) -> list[FigureBand]:
    weights = np.array([member.weight for member in model.members] or [1.0])
    applications = [member.application for member in model.members] or [model.application]
    members = [applications[place] for place, count in resampled(weights, draws).items() for _ in range(count)]
    idle = next((each.value for each in model.parameters if each.name == IDLE), None) or 0.0
    kinds = requests_of(model)
    total = draws * float(minutes.requests.sum())
    played: dict[str, list[Floats]] = {name: [] for name in FIGURES}
    for number, member in enumerate(members):
        application = scaled_to(member, service.size)
        run = play_minutes(application, minutes.requests, service, seed + number, total, kinds)
        for name in FIGURES:
            played[name].append(run.column(name) + (idle if name == "cpu" else 0.0))
        told(number + 1)
    return [_band(name, np.array(played[name]), minutes.column(name)) for name in FIGURES]


def _band(name: str, played: Floats, measured: Floats) -> FigureBand:
    known = np.isfinite(played).all(axis=0)
    low, high = np.full(len(measured), np.nan), np.full(len(measured), np.nan)
    tail = (1 - COVERED) / 2
    low[known], high[known] = np.quantile(played[:, known], [tail, 1 - tail], axis=0, method="median_unbiased")
    return FigureBand(name, low, high, measured, 1.0)
