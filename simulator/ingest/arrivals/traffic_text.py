"""Writes an arrival model as keys of a scenario: the shape of a source, its file, and events of the timeline."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, assert_never

import numpy as np

from simulator.ingest.arrivals.arrival_model import ArrivalForm, ArrivalModel
from simulator.ingest.arrivals.count_series import summed
from simulator.ingest.arrivals.fitted_rate import FittedRate

# The width of the bins of a rate with a season, and of the factors of an MMPP with one.
_BIN_S: Final = 600
_HOUR_S: Final = 3600.0
_BINS_AN_HOUR: Final = 60
# Added to expected counts, so that they are never all whole: `bins` takes whole numbers for counts, others for means.
_FRACTION: Final = 1e-6


def shape_text(model: ArrivalModel, file: str) -> str:
    """Return the shape of a source. `file`: the name of the file with the rate, for a model that `has_file`."""
    assert model.form is not ArrivalForm.REPLAY
    if model.mmpp is not None:
        states = ", ".join(
            f"{{rate: {rate:.6g}/s, stay: {stay_s:.6g}s}}"
            for rate, stay_s in zip(model.mmpp.rates_rps, model.mmpp.stays_s, strict=True)
        )
        return f"mmpp: {{states: [{states}]}}"
    rate = model.rate
    if rate.is_constant:
        return f"poisson: {{rate: {rate.rates_rps[0]:.6g}/s}}"
    if has_file(model):
        return f"bins: {{file: {json.dumps(file)}, column: expected, bin: {_BIN_S}s}}"
    levels = ", ".join(f"{{for: {end - begin:.6g}s, rate: {level:.6g}/s}}" for begin, end, level in _segments(rate))
    return f"steps: {{levels: [{levels}]}}"


def has_file(model: ArrivalModel) -> bool:
    """Return whether the rate of the model is a file: it has a season."""
    match model.form:
        case ArrivalForm.POISSON:
            return model.rate.season is not None
        case ArrivalForm.MMPP | ArrivalForm.REPLAY:
            return False
        case _:
            assert_never(model.form)


def rate_rows(model: ArrivalModel) -> Iterator[str]:
    """Yield the lines of the file of a rate: the start of each bin, and its expected requests."""
    yield "start_s,expected\n"
    bins = max(1, math.ceil(model.rate.edges_s[-1] / _BIN_S - 1e-9))
    for place, expected in enumerate(model.rate.expected(bins, _BIN_S).tolist()):
        yield f"{place * _BIN_S},{expected + _FRACTION:.6f}\n"


def rate_events(model: ArrivalModel, source: str) -> list[str]:
    """Return the events of the timeline that change the mean rate of an MMPP; none if it is constant."""
    if model.mmpp is None or model.rate.is_constant:
        return []
    rate = model.rate
    length_s = rate.edges_s[-1]
    mean_rps = float(rate.expected(1000, length_s / 1000).sum()) / length_s
    if rate.season is None:
        levels = [(begin, level / mean_rps) for begin, _, level in _segments(rate)]
    else:
        hours = max(1, math.ceil(length_s / _HOUR_S - 1e-9))
        counts = summed(rate.expected(hours * _BINS_AN_HOUR, _HOUR_S / _BINS_AN_HOUR), _BINS_AN_HOUR)
        counts[-1] *= _HOUR_S / (length_s - (hours - 1) * _HOUR_S)
        factors = np.asarray(counts / (_HOUR_S * mean_rps)).tolist()
        levels = [(hour * _HOUR_S, factor) for hour, factor in enumerate(factors)]
    return [f"{{at: {begin:.6g}s, rate: {{source: {source}, factor: {factor:.6g}}}}}" for begin, factor in levels]


def _segments(rate: FittedRate) -> list[tuple[float, float, float]]:
    """Return (start, end, rate) of each segment."""
    return [(*ends, level) for ends, level in zip(pairwise(rate.edges_s), rate.rates_rps, strict=True)]
