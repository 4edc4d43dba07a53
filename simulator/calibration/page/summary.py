"""The summary of a calibration for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from simulator.calibration.model.calibrated_model import CalibratedModel, StageFit
from simulator.calibration.page.accuracy import accuracies, accuracy_text, figure_of, goodness_text
from simulator.calibration.page.curves import LoadCurve
from simulator.calibration.page.next_measurement import NextMeasurement
from simulator.calibration.page.parameter_rows import ParameterRow, parameter_rows
from simulator.model.text.quantities import latency_text, rate_text, ratio_text

WIDTH: Final = 80
_LABEL: Final = 9
_GAPS: Final = 6 + len("how known")  # between the columns, and the last one


def summary_lines(model: CalibratedModel, curve: LoadCurve, following: NextMeasurement) -> Iterator[str]:
    """Yield the lines: what one instance serves, the parameters, the fit, what is unknown, what to measure next."""
    most = curve.throughput_max
    low, high = rate_text(most.low), rate_text(most.high)
    beyond = ", by the model: no load near this was observed" if curve.is_beyond(model.observed.rate_max_rps) else ""
    served = f"serves at most {rate_text(most.value)} ({low} to {high}){beyond}"
    yield from _wrapped(f"{model.name}: one instance of {model.size} {served}", "")
    yield ""
    yield from _parameters(parameter_rows(model))
    stages = [stage for stage in model.fit.stages if not stage.route]
    if stages:
        yield ""
        yield from _stages(stages)
    yield ""
    for accuracy in accuracies(model):
        yield from _labelled("fit", accuracy_text(accuracy))
    yield from _labelled("fit", goodness_text(model.fit.goodness))
    for label, sentences in (("warning", model.warnings), ("unknown", model.unknown), ("next", following.sentences)):
        for sentence in sentences:
            yield from _labelled(label, sentence)


def _parameters(rows: Sequence[ParameterRow]) -> Iterator[str]:
    value = max((len(row.value) for row in rows), default=5)
    interval = max(13, *(len(row.interval) for row in rows)) if rows else 13
    name = min(max((len(row.name) for row in rows), default=9), WIDTH - value - interval - _GAPS)
    yield f"{'parameter':<{name}}  {'value':>{value}}  {'95 % interval':<{interval}}  how known".rstrip()
    for row in rows:
        shown = row.name if len(row.name) <= name else f"{row.name[: max(1, name - 3)]}..."
        yield f"{shown:<{name}}  {row.value:>{value}}  {row.interval:<{interval}}  {row.how}".rstrip()


def _stages(stages: Sequence[StageFit]) -> Iterator[str]:
    """Yield measured and modelled figures of each load stage."""
    yield f"{'offered':>9}{'CPU':>8}{'p50':>11}{'modelled':>11}{'p95':>11}{'modelled':>11}{'served':>11}"
    for stage in sorted(stages, key=lambda each: each.rate_rps):
        cpu = "-" if stage.utilization is None else ratio_text(stage.utilization)
        line = f"{rate_text(stage.rate_rps):>9}{cpu:>8}"
        for key in ("p50_s", "p95_s"):
            figure = figure_of(stage, key)
            pair = ("-", "-") if figure is None else (latency_text(figure.measured), latency_text(figure.modelled))
            line += "".join(f"{text:>11}" for text in pair)
        served = figure_of(stage, "throughput_rps")
        yield line + f"{'-' if served is None else rate_text(served.measured):>11}"


def _labelled(label: str, sentence: str) -> Iterator[str]:
    yield from _wrapped(sentence, f"{label:<{_LABEL}}")


def _wrapped(text: str, label: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=label, subsequent_indent=" " * len(label)) or [label.rstrip()]
