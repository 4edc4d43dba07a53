"""A verification as lines of text, 80 columns wide."""

from __future__ import annotations

import math
import textwrap
from typing import Final

from simulator.calibration.prediction.tables import WIDTH, interval_text
from simulator.calibration.verification.bounds import VERIFIED
from simulator.calibration.verification.verification import ComparedLoadFigure, Verification, VerifiedLoad
from simulator.model.text.quantities import NOTHING, digits_text, latency_text, quantity_text, rate_text

_LATENCIES: Final = ("p50", "p95", "p99")
_RATE: Final = 9
_NAME: Final = 11
_PREDICTED: Final = 27
_MEASURED: Final = 12


def verification_lines(verification: Verification) -> list[str]:
    """Return the text of a verification; the result is the first line."""
    lines = _wrapped(headline(verification))
    runs = f"{verification.repeats} runs" if verification.repeats > 1 else "one run"
    lines += _wrapped(
        f"{verification.target}: {verification.service}; {runs} of {verification.duration_s:g} s at each rate, without "
        f"the first {verification.warm_up_s:g} s. Bounds: {', '.join(map(str, verification.bounds))}."
    )
    head = f"{'rate':>{_RATE}}  {'figure':<{_NAME}}{'predicted':<{_PREDICTED}}{'measured':<{_MEASURED}}{'error':>9}"
    lines += ["", head]
    for load in verification.loads:
        lines += _load_lines(load)
    lines.append("")
    lines += [line for load in verification.loads for line in _wrapped(_circumstances(load))]
    lines += _wrapped(_other_arrivals(verification))
    lines += [line for each in verification.warnings for line in _wrapped(f"Warning: {each}")]
    return lines


def headline(verification: Verification) -> str:
    """Return the result in a sentence."""
    failed, judged = verification.failed, verification.judged
    if not failed:
        return f"Passed: {len(judged)} of {len(judged)} figures are within the bounds."
    worst = "; ".join(f"{figure.name} at {rate_text(load.rate_rps)} {_miss(figure)}" for load, figure in failed)
    return f"Failed: {len(failed)} of {len(judged)} figures are outside the bounds: {worst}."


def _miss(figure: ComparedLoadFigure) -> str:
    if figure.error is None or figure.bound is None:
        return "has nothing to compare"
    limit = "its interval" if figure.bound.limit is None else f"{100 * figure.bound.limit:g} %"
    return f"is predicted {error_text(figure)} off ({limit})"


def _load_lines(load: VerifiedLoad) -> list[str]:
    lines = []
    for number, figure in enumerate(load.figures):
        rate = rate_text(load.rate_rps) if number == 0 else ""
        unit = VERIFIED[figure.name].unit
        measured = NOTHING if figure.measured is None else quantity_text(figure.measured, unit)
        verdict = "" if figure.passed is None else "  pass" if figure.passed else "  FAIL"
        predicted = interval_text(figure.predicted, unit)
        lines.append(
            f"{rate:>{_RATE}}  {figure.name:<{_NAME}}{predicted:<{_PREDICTED}}{measured:<{_MEASURED}}"
            f"{error_text(figure):>9}{verdict}"
        )
    return lines


def error_text(figure: ComparedLoadFigure) -> str:
    """Return the error of the prediction: in percent, or in points if the figure is a share."""
    if figure.error is None or math.isinf(figure.error):
        return NOTHING
    points = "pp" if VERIFIED[figure.name].is_share else "%"
    sign = "+" if figure.error > 0 else "-" if figure.error < 0 else ""
    return f"{sign}{digits_text(abs(round(100 * figure.error, 1)), 2)} {points}"


def _circumstances(load: VerifiedLoad) -> str:
    late = latency_text(max(run.late_p99_s for run in load.runs))
    parts = [f"client late by {late} (p99)"]
    if not all(math.isnan(run.load) for run in load.runs):
        loads = [digits_text(run.load, 2) for run in load.runs]
        parts.append(f"load average of the machine {', '.join(loads)}")
    if len(load.runs) > 1:
        values = [figure.values for figure in load.figures if figure.name == "p95"]
        parts += [f"p95 of the runs {', '.join(latency_text(value) for value in each)}" for each in values]
    return f"{rate_text(load.rate_rps)}: {'; '.join(parts)}."


def _other_arrivals(verification: Verification) -> str:
    """Return the plain prediction, which is that of a run with other arrivals."""
    parts = []
    for load in verification.loads:
        figures = [figure for figure in load.figures if figure.name in _LATENCIES and figure.any_arrivals is not None]
        texts = [
            f"{figure.name} {interval_text(figure.any_arrivals, VERIFIED[figure.name].unit)}" for figure in figures
        ]
        parts += [f"{rate_text(load.rate_rps)} {', '.join(texts)}"] if texts else []
    told = "Predicted are the requests that were sent, at their times."
    return f"{told} With other arrivals of the rate: {'; '.join(parts)}." if parts else told


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ")
