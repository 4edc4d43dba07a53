"""The capacity of a service: the highest rate that meets the SLO, found by bisection with common random numbers.

Each draw has a highest rate of its own, at which its run just meets the SLO. Their quantiles are the interval, and the
lower end of it is the capacity: 97.5 % of the runs at this rate meet the SLO. The arrivals of a draw at another rate
are the same ones, closer together or further apart, so its figures change smoothly with the rate and bisection is
possible.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Callable, Sequence
from typing import Final

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.prediction.draws import Draw, draws_of
from simulator.calibration.prediction.interval import predicted
from simulator.calibration.prediction.model_scenario import at_rate, model_scenario
from simulator.calibration.prediction.objectives import bounded, objectives_text, saturation
from simulator.calibration.prediction.predict import Advance, Predictor
from simulator.calibration.prediction.prediction import CapacityPrediction, Prediction, RatePrediction
from simulator.calibration.prediction.runs import RunFigures, backend_for, play_figures
from simulator.calibration.prediction.settings import RATE_MAX_RPS, RATE_MIN_RPS, PredictedService
from simulator.model.text.quantities import quantity_text, ratio_text
from simulator.scenario.check_expression import CheckExpression
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.simulated.simulated_spec import SimulatedSpec

# The rates of the table, as shares of the capacity; the last one shows what happens above it.
SHARES: Final = (0.5, 0.75, 0.9, 1.0, 1.1)
# Runs of a draw until its highest rate is known, for the display of the progress.
RUNS_PER_DRAW: Final = 5
# The highest rate of a draw is found to this factor: less than the width of any interval.
_PRECISION: Final = 1.02
_FIRST_STEP: Final = 1.5
_STEP: Final = 1.05
# A light load, as a share of the rate that the processors or slots allow at most.
_LIGHT: Final = 0.05
# No search goes beyond this multiple of that rate: there the service serves a fraction of the requests only.
_OVERLOAD: Final = 4.0
_LIGHT_REQUESTS: Final = 2000
_START_RPS: Final = 50.0
_DIGITS: Final = 3


def predict_capacity(
    model: CalibratedModel,
    service: PredictedService,
    objectives: Sequence[CheckExpression] = (),
    advance: Advance = lambda: None,
) -> Prediction:
    """Predict the highest rate that meets the objectives, by default up to saturation, and the figures around it.

    `advance` is called after each run, about `runs_of_capacity` times.

    Raises:
        ScenarioError: if the settings do not fit the model.
        BrokenRun: if a run failed.
    """
    best = model_scenario(model, model.application, service)
    most_rps = _most_rps(best, model.name)
    wanted = bounded(tuple(objectives)) if objectives else saturation(_light_p95_s(best, model.name, most_rps * _LIGHT))
    predictor = Predictor(model, service, most_rps, runs_of_capacity(model, service))
    search = _Search(lambda draw, rate_rps: _played(predictor, draw, rate_rps, wanted, advance), most_rps)
    highest: list[float | None] = []
    start_rps, step = most_rps / 2, _FIRST_STEP
    for draw in predictor.draws:
        found_rps = search.highest_rps(draw, start_rps, step)
        highest.append(found_rps)
        known = [rate_rps for rate_rps in highest if rate_rps is not None]
        if known:
            start_rps, step = statistics.median(known), _STEP
    figure = predicted([rate_rps or 0.0 for rate_rps in highest], predictor.draws)
    assert figure is not None, "each draw has a value"
    if figure.low <= 0:
        row, runs = predictor.row(_rounded_down(search.lowest_rps), wanted, advance)
        prediction = predictor.prediction([row], runs, wanted)
        capacity = CapacityPrediction(None, None, _missed(row))
    else:
        rate_rps = _rounded_down(figure.low)
        rows, runs = _rows(predictor, rate_rps, wanted, advance)
        prediction = predictor.prediction(rows, runs, wanted)
        capacity = CapacityPrediction(rate_rps, figure, _limit(rows[-1]))
    return dataclasses.replace(
        prediction, capacity=capacity, slo=objectives_text(wanted), slo_is_default=not objectives
    )


def runs_of_capacity(model: CalibratedModel, service: PredictedService) -> int:
    """Estimate the number of runs of `predict_capacity`."""
    return len(draws_of(model, service.seed)) * (RUNS_PER_DRAW + len(SHARES))


class _Search:
    """Finds the highest rate at which a draw meets the objectives, near the rate `most_rps` of full use or below it."""

    def __init__(self, meets: Callable[[Draw, float], bool], most_rps: float) -> None:
        self._meets = meets
        self.lowest_rps = max(most_rps * _LIGHT, RATE_MIN_RPS)
        self._highest_rps = min(most_rps * _OVERLOAD, RATE_MAX_RPS)

    def highest_rps(self, draw: Draw, start_rps: float, step: float) -> float | None:
        """Return the rate; None if the lowest one is too high. Search from `start_rps`, by a factor that grows."""
        rate_rps = max(start_rps, self.lowest_rps)
        upwards = self._meets(draw, rate_rps)
        while True:
            other_rps = rate_rps * step if upwards else max(rate_rps / step, self.lowest_rps)
            if other_rps > self._highest_rps:
                return rate_rps
            if not upwards and rate_rps <= self.lowest_rps:
                return None
            if self._meets(draw, other_rps) != upwards:
                break
            rate_rps, step = other_rps, step * step
        low, high = sorted((rate_rps, other_rps))
        while high / low > _PRECISION:
            middle = math.sqrt(low * high)
            low, high = (middle, high) if self._meets(draw, middle) else (low, middle)
        return low


def _played(
    predictor: Predictor, draw: Draw, rate_rps: float, objectives: Sequence[CheckExpression], advance: Advance
) -> bool:
    figures = predictor.run(draw, rate_rps, objectives)
    advance()
    return figures.meets


def _rows(
    predictor: Predictor, rate_rps: float, objectives: Sequence[CheckExpression], advance: Advance
) -> tuple[list[RatePrediction], list[RunFigures]]:
    """Return the rows around the capacity, and the runs at it."""
    rows, at_capacity = [], []
    for share in SHARES:
        at_rps = rate_rps if share == 1 else _rounded_down(rate_rps * share)
        row, runs = predictor.row(at_rps, objectives, advance)
        rows.append(row)
        if share == 1:
            at_capacity = runs
    return rows, at_capacity


def _most_rps(scenario: ScenarioSpec, name: str) -> float:
    """Return a rate that one cannot expect to exceed: that of all processors or of all slots; a guess without both."""
    service = scenario.services[name]
    simulated, instances = service.application.simulated, service.max_size
    assert simulated is not None, "a model is a simulated application"
    kinds = scenario.traffic[0].requests
    weights = [kind.weight for kind in kinds]
    cpu_s, io_s = (
        math.fsum(weight * cost for weight, cost in zip(weights, costs, strict=True)) / math.fsum(weights)
        for costs in zip(*(_mean_work(simulated, kind.path) for kind in kinds), strict=True)
    )
    limits = [service.size.vcpu / cpu_s] if cpu_s > 0 else []
    limits += [min(service.max_concurrency, simulated.workers or service.max_concurrency) / (cpu_s + io_s)] * (
        cpu_s + io_s > 0
    )
    return min(max(instances * min(limits, default=_START_RPS), RATE_MIN_RPS / _LIGHT), RATE_MAX_RPS)


def _mean_work(simulated: SimulatedSpec, path: str) -> tuple[float, float]:
    own = simulated.paths.get(path.partition("?")[0])
    cpu = simulated.cpu if own is None or own.cpu is None else own.cpu
    io = simulated.io if own is None or own.io is None else own.io
    return cpu.distribution.mean, io.distribution.mean


def _light_p95_s(best: ScenarioSpec, name: str, rate_rps: float) -> float:
    """Return the p95 of the best values at a light load, from a run that is long enough for it."""
    duration_s = best.warm_up_s + max(best.duration_s - best.warm_up_s, _LIGHT_REQUESTS / rate_rps)
    scenario = at_rate(best, rate_rps).model_copy(update={"duration_s": duration_s})
    p95_s = play_figures(scenario, name, (), backend_for(scenario, 1)).p95_s
    if not p95_s:
        msg = "slo = default, must be given: the model serves no request at a light load, or takes no time for it"
        raise ValueError(msg)
    return p95_s


def _limit(row: RatePrediction) -> str:
    """Return what happens above the capacity, from the row above it."""
    worst = min(row.objectives, key=lambda each: each.probability)
    cpu, rejected = row.figures["cpu"], row.figures["rejected_rate"]
    value = "-" if worst.figure is None else quantity_text(worst.figure.value, worst.unit)
    parts = [f"{_name(worst.objective)} {value}"]
    if cpu is not None:
        parts.append(f"CPU {ratio_text(cpu.value)}")
    if rejected is not None and rejected.value > 0:
        parts.append(f"{ratio_text(rejected.value)} rejected with 429")
    return f"{100 * row.meets:.0f} % of the runs meet it at {quantity_text(row.rate_rps, 'rps')}: {', '.join(parts)}"


def _missed(row: RatePrediction) -> str:
    worst = min(row.objectives, key=lambda each: each.probability)
    if worst.figure is None:
        return f"{worst.objective.text}: there is nothing to measure at {quantity_text(row.rate_rps, 'rps')}"
    texts = [quantity_text(value, worst.unit) for value in (worst.figure.value, worst.figure.low, worst.figure.high)]
    return f"{_name(worst.objective)} is {texts[0]} ({texts[1]} to {texts[2]}) at {quantity_text(row.rate_rps, 'rps')}"


def _name(objective: CheckExpression) -> str:
    return objective.text.partition(objective.operator)[0].strip()


def _rounded_down(rate_rps: float) -> float:
    unit = 10.0 ** (math.floor(math.log10(rate_rps)) - _DIGITS + 1)
    return float(f"{math.floor(rate_rps / unit + 1e-9) * unit:.{_DIGITS}g}")
