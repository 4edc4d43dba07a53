"""The figures of one instance over load, as the model predicts them: the curves of a page.

The runs are those of `simulator predict` for one instance with the MaxConcurrency of the observation, so that a curve
and a prediction mean the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.observing.observed_service import MAX_CONCURRENCY
from simulator.calibration.prediction.draws import DRAWS_MIN, Draw
from simulator.calibration.prediction.interval import PredictedFigure, predicted
from simulator.calibration.prediction.predict import Predictor
from simulator.calibration.prediction.prediction import FIGURE_KINDS
from simulator.calibration.prediction.runs import RunFigures
from simulator.calibration.prediction.settings import RATE_MAX_RPS, RATE_MIN_RPS, PredictedService
from simulator.model.sizes import SUPPORTED, InstanceSize

Advance = Callable[[], None]

# Rates of a curve, as shares of the rate from which the instance is saturated.
_SHARES: Final = (0.1, 0.3, 0.5, 0.65, 0.8, 0.9, 0.97, 1.05, 1.2)
_SHARES_SLOW: Final = (0.15, 0.5, 0.8, 0.95, 1.15)
# The lowest rate is that of the lowest stage, but not below this share: a run would have too few requests.
_LOWEST: Final = 0.02
# The instance is overloaded if it serves less than this share of what is offered.
_OVERLOADED: Final = 0.7
# Length of a run of the search for saturation, in runs of the curve. Requests that wait at the end of the warm-up or of
# the run are not counted as throughput: their share must be small.
_SEARCH_RUNS: Final = 4
_DOUBLINGS: Final = 24
_PROBES: Final = 3
# Without the compiled backend a run has about this many requests, so that a page takes seconds to a minute.
_REQUESTS_SLOW: Final = 1500
_DURATION_MIN_S: Final = 15.0
_WARM_UP: Final = 1 / 12


# An estimate of the runs of a curve and of what to measure next, for a display of progress.
RUNS: Final = 528


@dataclass(frozen=True, slots=True)
class LoadCurve:
    """Predicted figures of one instance of `size` at increasing rates.

    `saturation_rps`: the highest throughput with the best values of the model; at higher rates the instance is
    saturated. `figures`: at each rate, by their names in `RunFigures`; None where most runs have none. `runs`: at each
    rate, the run of each of `draws`. `duration_s`: length of a run. `is_compiled`: by the compiled backend.
    """

    size: InstanceSize
    max_concurrency: int
    saturation_rps: float
    rates_rps: tuple[float, ...]
    figures: tuple[dict[str, PredictedFigure | None], ...]
    runs: tuple[tuple[RunFigures, ...], ...]
    draws: tuple[Draw, ...]
    duration_s: float
    is_compiled: bool

    def is_beyond(self, observed_rps: float | None) -> bool:
        """Return whether the highest throughput lies above the observed rates."""
        return observed_rps is not None and observed_rps < self.throughput_max.low

    @property
    def throughput_max(self) -> PredictedFigure:
        """The highest throughput: at the rate at which most requests are served."""
        served = [row["served_rps"] for row in self.figures]
        return max((each for each in served if each is not None), key=lambda each: each.value)


def load_curve(model: CalibratedModel, seed: int = 1, advance: Advance = lambda: None) -> LoadCurve:
    """Return the curve of an instance of the observed size; `advance` is called after each run.

    Raises:
        ScenarioError: if the model is not valid.
        BrokenRun: if a run failed.
    """
    duration_s = PredictedService().duration_s
    runs = len(_SHARES) * DRAWS_MIN
    saturation_rps = _saturation_rps(_for_search(model, duration_s, seed, runs), model)
    predictor = _predictor(model, None, duration_s, seed, saturation_rps, runs)
    is_compiled = predictor.backend.name == "compiled"
    shares: tuple[float, ...] = _SHARES
    if not is_compiled:
        shares = _SHARES_SLOW
        duration_s = min(duration_s, max(_DURATION_MIN_S, _REQUESTS_SLOW / saturation_rps))
        predictor = _predictor(model, None, duration_s, seed, saturation_rps, len(shares) * DRAWS_MIN)
    rates = [share * saturation_rps for share in shares]
    lowest_rps = min((stage.rate_rps for stage in model.fit.stages), default=rates[0])
    rates[0] = min(rates[0], max(lowest_rps, _LOWEST * saturation_rps))
    if model.observed.rate_max_rps is not None and model.observed.rate_max_rps > rates[-1]:
        rates.append(model.observed.rate_max_rps)
    draws = chosen_draws(predictor)
    table = played(predictor, rates, draws, advance)
    figures = [
        {kind.name: predicted([getattr(run, kind.name) for run in at_rate], draws) for kind in FIGURE_KINDS}
        for at_rate in table
    ]
    return LoadCurve(
        predictor.size,
        predictor.service.max_concurrency,
        saturation_rps,
        tuple(rates),
        tuple(figures),
        tuple(table),
        draws,
        duration_s,
        is_compiled,
    )


def experiment(model: CalibratedModel, curve: LoadCurve, size: InstanceSize | None, seed: int) -> Predictor:
    """Return what plays one instance of another size as long as the runs of the curve; None: the curve's size."""
    return _predictor(model, size, curve.duration_s, seed, curve.saturation_rps, len(_SHARES) * DRAWS_MIN)


def chosen_draws(predictor: Predictor) -> tuple[Draw, ...]:
    """Return as many draws as an interval needs, with weights whose sum is 1."""
    draws = predictor.draws[:DRAWS_MIN]
    total = sum(draw.weight for draw in draws)
    return tuple(draw._replace(weight=draw.weight / total) for draw in draws)


def played(
    predictor: Predictor, rates: list[float], draws: tuple[Draw, ...], advance: Advance
) -> list[tuple[RunFigures, ...]]:
    """Return the run of each draw at each rate."""
    table = []
    for rate_rps in rates:
        row = []
        for draw in draws:
            row.append(predictor.run(draw, rate_rps, ()))
            advance()
        table.append(tuple(row))
    return table


def neighbours(size: InstanceSize) -> tuple[InstanceSize, ...]:
    """Return App Runner's next smaller and next larger CPU with the memory that is nearest."""
    steps = sorted(SUPPORTED)
    below = [units for units in steps if units < size.cpu_units][-1:]
    above = [units for units in steps if units > size.cpu_units][:1]
    return tuple(
        InstanceSize(units, min(SUPPORTED[units], key=lambda mb: abs(mb - size.memory_mb)))
        for units in (*below, *above)
    )


def _for_search(model: CalibratedModel, duration_s: float, seed: int, runs: int) -> Predictor:
    """Return what plays the best values of the model, long enough to see overload."""
    alone, rate_rps = model.model_copy(update={"members": ()}), 2 * _start_rps(model)
    found = _predictor(alone, None, _SEARCH_RUNS * duration_s, seed, rate_rps, runs)
    if found.backend.name == "compiled":
        return found
    search_s = min(duration_s, _SEARCH_RUNS * max(_DURATION_MIN_S, _REQUESTS_SLOW / rate_rps))
    return _predictor(alone, None, search_s, seed, rate_rps, runs)


def _predictor(
    model: CalibratedModel, size: InstanceSize | None, duration_s: float, seed: int, rate_rps: float, runs: int
) -> Predictor:
    service = PredictedService(
        max_concurrency=model.observed.max_concurrency or MAX_CONCURRENCY,
        size=size,
        duration_s=duration_s,
        warm_up_s=duration_s * _WARM_UP,
        seed=seed,
    )
    return Predictor(model, service, min(max(rate_rps, RATE_MIN_RPS), RATE_MAX_RPS), runs)


def _saturation_rps(predictor: Predictor, model: CalibratedModel) -> float:
    """Return the highest throughput of the runs of a search for overload. `predictor`: of the best values of the model.

    Throughput may fall under overload, so the rates between the last one without overload and overload are tried too.
    """
    low = _start_rps(model)
    served = {low: _served_rps(predictor, low)}
    for _ in range(_DOUBLINGS):
        if not _is_overloaded(predictor, low, served[low]) or low <= RATE_MIN_RPS:
            break
        low = max(low / 2, RATE_MIN_RPS)
        served[low] = _served_rps(predictor, low)
    high = low
    for _ in range(_DOUBLINGS):
        if _is_overloaded(predictor, high, served[high]) or high >= RATE_MAX_RPS:
            break
        low, high = high, min(2 * high, RATE_MAX_RPS)
        if high not in served:
            served[high] = _served_rps(predictor, high)
    for place in range(1, _PROBES + 1):
        rate_rps = low * (high / low) ** (place / (_PROBES + 1))
        served[rate_rps] = _served_rps(predictor, rate_rps)
    return max(*served.values(), RATE_MIN_RPS)


def _start_rps(model: CalibratedModel) -> float:
    """Return where the search begins: half of the highest throughput observed."""
    highest_rps = model.observed.throughput_max_rps or model.observed.rate_max_rps or 1.0
    return min(max(highest_rps / 2, RATE_MIN_RPS), RATE_MAX_RPS / 2)


def _is_overloaded(predictor: Predictor, rate_rps: float, served_rps: float) -> bool:
    """Return whether less is served than chance in the number of arrivals explains (four standard deviations)."""
    span_s = predictor.service.duration_s - predictor.service.warm_up_s
    return served_rps * span_s < _OVERLOADED * rate_rps * span_s - 4 * math.sqrt(rate_rps * span_s)


def _served_rps(predictor: Predictor, rate_rps: float) -> float:
    return predictor.run(predictor.draws[0], rate_rps, ()).served_rps
