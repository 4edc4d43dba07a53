"""A prediction as lines of text, at most 80 columns wide where the sentences allow it."""

from __future__ import annotations

import textwrap
from typing import Final

from simulator.calibration.prediction.extrapolation import Beyond
from simulator.calibration.prediction.interval import PredictedFigure
from simulator.calibration.prediction.prediction import FIGURE_KINDS, CapacityPrediction, Prediction, RatePrediction
from simulator.model.text.quantities import (
    NOTHING,
    Unit,
    digits_text,
    latency_text,
    quantity_text,
    rate_text,
    spread_factor,
)

WIDTH: Final = 80
_COLUMNS: Final = tuple(kind for kind in FIGURE_KINDS if kind.name not in {"served_rps", "rejected_rate"})
_RATE_WIDTH: Final = 10
_FIGURE_WIDTH: Final = 10
_MARK: Final = "*"  # at a rate or figure that exceeds the observation


def prediction_lines(prediction: Prediction) -> list[str]:
    """Return the text of a prediction; the answer is the first line."""
    lines = [headline(prediction)]
    if prediction.capacity is not None:
        lines += _wrapped(f"{prediction.service}. {_capacity_text(prediction, prediction.capacity)}")
    else:
        lines += _wrapped(f"Intervals are of runs of {_length(prediction)}.")
    lines += ["", *table_lines(prediction), ""]
    for note in prediction.extrapolations:
        lines += _wrapped(f"{_MARK} beyond the observation: {note}")
    lines += _wrapped(_variance_text(prediction))
    for effect in prediction.effects:
        lines += _wrapped(f"{100 * effect.share:.0f} % of the variance of p95 comes from {effect.text}")
    lines += [line for each in prediction.unknown for line in _wrapped(f"Unknown: {each}")]
    lines += [line for each in prediction.warnings for line in _wrapped(f"Warning: {each}")]
    return lines


def headline(prediction: Prediction) -> str:
    """Return the answer in a sentence."""
    capacity = prediction.capacity
    if capacity is None:
        return _rates_headline(prediction)
    if capacity.rate_rps is None:
        return f"No rate meets the SLO {prediction.slo}: {capacity.limit}."
    row = next(row for row in prediction.rates if row.rate_rps == capacity.rate_rps)
    at_p95 = f"p95 {interval_text(row.figures['p95_s'], 's')}{_beyond_text(prediction, row)}"
    instances = prediction.instances
    if instances is None:
        return f"The service carries {rate_text(capacity.rate_rps)} at {at_p95}."
    an_instance = f"{rate_text(capacity.rate_rps / instances)} an instance"
    if instances == 1:
        return f"MaxConcurrency {prediction.max_concurrency} carries {an_instance} at {at_p95}."
    together = f"{instances} instances carry {rate_text(capacity.rate_rps)}"
    return f"MaxConcurrency {prediction.max_concurrency} carries {an_instance} at {at_p95}: {together}."


def _beyond_text(prediction: Prediction, row: RatePrediction) -> str:
    """Return what was observed at most, if the rate of the answer exceeds it."""
    if Beyond.RATE not in row.beyond:
        return ""
    told = next((text for text in prediction.extrapolations if text.startswith(Beyond.RATE)), "")
    return f", extrapolated: {told.partition(': ')[2]}" if told else ""


def interval_text(figure: PredictedFigure | None, unit: Unit) -> str:
    """Return a figure with its interval, such as `210 ms (190 to 240)`."""
    if figure is None:
        return NOTHING
    return f"{quantity_text(figure.value, unit)} ({' to '.join(_ends(figure, unit))})"


def table_lines(prediction: Prediction) -> list[str]:
    """Return the table: two lines for each rate, the figures and their intervals."""
    has_slo = bool(prediction.slo)
    head = "".join(f"{kind.heading:>{_FIGURE_WIDTH}}" for kind in _COLUMNS)
    lines = [f"{'rate':>{_RATE_WIDTH - 1}} {head}{'SLO':>7}" if has_slo else f"{'rate':>{_RATE_WIDTH - 1}} {head}"]
    for row in prediction.rates:
        lines += _row_lines(row, has_slo=has_slo)
    return [line.rstrip() for line in lines]


def _row_lines(row: RatePrediction, *, has_slo: bool) -> list[str]:
    rate = "-" if row.rate_rps is None else rate_text(row.rate_rps)
    values = "".join(f"{_value_text(row, kind.name, kind.unit):>{_FIGURE_WIDTH}}" for kind in _COLUMNS)
    spans = "".join(f"{_span_text(row.figures[kind.name], kind.unit):>{_FIGURE_WIDTH}}" for kind in _COLUMNS)
    met = f"{100 * row.meets:.0f} %" if has_slo else ""
    mark = _MARK if row.beyond else " "
    return [f"{rate:>{_RATE_WIDTH - 1}}{mark}{values}{met:>7}", f"{'':{_RATE_WIDTH}}{spans}"]


def _value_text(row: RatePrediction, name: str, unit: Unit) -> str:
    figure = row.figures[name]
    return NOTHING if figure is None else quantity_text(figure.value, unit)


def _span_text(figure: PredictedFigure | None, unit: Unit) -> str:
    if figure is None or figure.low == figure.high:
        return ""
    span = "-".join(_ends(figure, unit))
    return span if len(span) < _FIGURE_WIDTH else "-".join(_ends(figure, unit, digits=2))


def _ends(figure: PredictedFigure, unit: Unit, digits: int = 3) -> tuple[str, str]:
    """Return the ends of the interval in the unit in which the value is written."""
    if unit == "s" and figure.high >= 99.95:
        return latency_text(figure.low), latency_text(figure.high)
    factor = spread_factor(figure.value, unit)
    low, high = figure.low * factor, figure.high * factor
    # Two digits of means and of shares below a tenth of a percent: more would not fit the column.
    if unit == "mean" or (unit == "ratio" and high < 0.1):
        digits = 2
    return digits_text(low, digits), digits_text(high, digits)


def _rates_headline(prediction: Prediction) -> str:
    service = prediction.service
    if not prediction.slo:
        return f"{service}:"
    worst = min(prediction.rates, key=lambda row: row.meets)
    rates = "" if worst.rate_rps is None else f" at {rate_text(worst.rate_rps)}"
    verdict = "meets" if prediction.meets else "misses"
    share = worst.meets if prediction.meets else 1 - worst.meets
    return f"{service} {verdict} {prediction.slo}{rates} in {100 * share:.0f} % of the runs."


def _capacity_text(prediction: Prediction, capacity: CapacityPrediction) -> str:
    slo = f"SLO {prediction.slo}{' (saturation, the default)' if prediction.slo_is_default else ''}"
    runs = f"in runs of {_length(prediction)}"
    if capacity.highest is None:
        return f"{slo}, {runs}."
    highest = interval_text(capacity.highest, "rps")
    return f"{slo}, {runs}: the highest rate that meets it is {highest}. {capacity.limit}."


def _variance_text(prediction: Prediction) -> str:
    """Return the origin of the interval of p95 at the capacity, or at the last rate."""
    capacity = prediction.capacity
    at_rps = prediction.rates[-1].rate_rps if capacity is None else capacity.rate_rps
    row = next((row for row in prediction.rates if row.rate_rps == at_rps), prediction.rates[-1])
    figure = row.figures["p95_s"]
    if figure is None or figure.parameters_share is None:
        return ""
    share = figure.parameters_share
    return (
        f"Of the variance of p95{'' if row.rate_rps is None else f' at {rate_text(row.rate_rps)}'}, "
        f"{100 * share:.0f} % comes from the parameters of the model, "
        f"{100 - round(100 * share)} % from chance in a run of {_length(prediction)}."
    )


def _length(prediction: Prediction) -> str:
    return f"{prediction.duration_s:g} s"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ")
