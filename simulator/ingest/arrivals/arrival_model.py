"""Chooses a model of recorded arrivals by tests: Poisson by a rate curve, MMPP, or the recording itself.

1. The rate over time is fitted: a season, and change points.
2. Poisson arrivals with this rate are a model if no index of dispersion about it, at any scale, is above both its
   interval and 1.15.
3. Otherwise, or if the rate needed many change points, two states (MMPP) are fitted, about a constant rate and about a
   rate with the changes that are slower than bursts. BIC compares the candidates. Two states are a model if they
   reproduce the index of dispersion at every scale, and the quantiles of counts in windows of their relaxation time,
   and if the rates of bursts do not differ from each other by more than chance.
4. Without a model the recording is replayed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

import numpy as np

from simulator.ingest.arrivals.count_series import CountSeries, summed
from simulator.ingest.arrivals.dispersion import ScaleIndex, indices
from simulator.ingest.arrivals.fitted_rate import FittedRate, constant_rate, fitted_rate
from simulator.ingest.arrivals.mmpp import MmppFit, fitted_mmpp
from simulator.ingest.arrivals.season import season_of
from simulator.ingest.blocks import Floats
from simulator.model.text.units import duration_text
from simulator.world.random_streams import RandomStreams

# Fewer requests cannot tell one model from another.
REQUESTS_MIN: Final = 300
# The least deviation of an index from 1 that matters for queueing, and the least variation (standard deviation over
# mean) of a rate.
RELEVANT: Final = 0.15
_VARIATION_MIN: Final = 0.03
# The most hours of a rate with a season that are written as factors of an MMPP.
HOURS_MAX: Final = 1000
# Bursts that a recording must have: fewer are changes of the rate, of which nothing says that they come again.
_CYCLES_MIN: Final = 5
# Rates of two states that differ by less are no bursts.
_RATIO_MIN: Final = 1.25
# Change points that are slower than bursts are looked for among this many bins.
_SLOW_GRID: Final = 120
# By how much an index of the model may differ from the recording, in shares and in standard errors.
_INDEX_SHARE: Final = 0.25
_INDEX_ERRORS: Final = 3.0
# A rate with so many change points, at which it changes by such a factor (median), comes and goes.
_JUMPS: Final = 20
_JUMP_RATIO: Final = 1.25
_QUANTILES: Final = (0.5, 0.9, 0.99)
_QUANTILE_SHARE: Final = 0.15
_SAMPLES: Final = 40
_SAMPLE_WINDOWS_MAX: Final = 20_000


class ArrivalForm(StrEnum):
    """How a scenario sends recorded arrivals."""

    REPLAY = "replay"
    POISSON = "poisson"
    MMPP = "mmpp"

    @property
    def noun(self) -> str:
        """What the arrivals are, in a sentence."""
        match self:
            case ArrivalForm.REPLAY:
                return "the recording"
            case ArrivalForm.POISSON:
                return "a Poisson process with a rate over time"
            case ArrivalForm.MMPP:
                return "an MMPP with two states"
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True)
class ArrivalModel:
    """How to send the arrivals of a recording, and why.

    `reason`: a clause for a sentence. `rate`: the rate over time of POISSON; for MMPP, the changes of the mean rate.
    `scales`: the indices of dispersion about the rate over time.
    """

    form: ArrivalForm
    reason: str
    rate: FittedRate
    mmpp: MmppFit | None = None
    scales: tuple[ScaleIndex, ...] = ()


def arrival_model(series: CountSeries, form: ArrivalForm | None = None) -> ArrivalModel:
    """Return the model that tests choose, or one of this form.

    Raises:
        ValueError: if the counts do not show two states, and `form` asks for them.
    """
    if series.total < REQUESTS_MIN and form is None:
        return ArrivalModel(
            ArrivalForm.REPLAY, f"{series.total:,.0f} requests are too few to choose a model", constant_rate(series)
        )
    poisson = _poisson(series)
    if form is ArrivalForm.POISSON:
        return poisson
    bursts = _mmpps(series, poisson)
    if form is ArrivalForm.MMPP:
        if not bursts:
            raise ValueError(f"--arrivals = mmpp, must fit the recording: {poisson.reason}")
        return bursts[0]
    return _chosen(series, poisson, bursts)


def _chosen(series: CountSeries, poisson: ArrivalModel, bursts: Sequence[ArrivalModel]) -> ArrivalModel:
    over = _over(poisson.scales, series.total / series.length_s)
    regular = next((each for each in poisson.scales if each.ratio < min(each.low, 1 - RELEVANT)), None)
    if not poisson.scales:
        return _replay(poisson, "the recording has too few bins to tell bursts from chance")
    if regular is not None:
        return _replay(poisson, f"they are more regular than Poisson arrivals: {_index_text(regular)}")
    if (over is None and not _jumps(poisson.rate)) and (not bursts or _bic(bursts[0], poisson) >= 0):
        return poisson
    if not bursts:
        shown = _rate_text(poisson.rate) if over is None else _index_text(over)
        return _replay(poisson, f"they come in bursts ({shown}), and no two states were found that differ")
    differences = []
    for each in bursts:
        differences.append(_differences(series, each))
        if not differences[-1]:
            return each
    return _replay(poisson, f"they come in bursts that two states do not describe: {differences[0]}")


def _replay(poisson: ArrivalModel, reason: str) -> ArrivalModel:
    return ArrivalModel(ArrivalForm.REPLAY, reason, poisson.rate, scales=poisson.scales)


def _poisson(series: CountSeries) -> ArrivalModel:
    rate = fitted_rate(series, season_of(series))
    scales = indices(series, rate.expected(len(series.counts), series.width_s), rate.parameters)
    over = _over(scales, series.total / series.length_s)
    if over is not None:
        reason = f"they vary more than Poisson arrivals with {_rate_text(rate)}: {_index_text(over)}"
    elif scales:
        reason = f"they vary as Poisson arrivals with {_rate_text(rate)}: {_index_text(scales[0])}"
        if len(scales) > 1:
            reason += f", {scales[-1].ratio:.3g} in windows of {duration_text(scales[-1].scale_s)}"
    else:
        reason = f"{_rate_text(rate)}; the bins are too few for a test"
    return ArrivalModel(ArrivalForm.POISSON, reason, rate, scales=scales)


def _jumps(rate: FittedRate) -> bool:
    """Return whether a rate consists of many levels that differ much from the next."""
    levels = np.maximum(rate.rates_rps, 1e-12)
    ratios = np.exp(np.abs(np.diff(np.log(levels))))
    return len(ratios) > _JUMPS and float(np.median(ratios)) > _JUMP_RATIO


def _over(scales: tuple[ScaleIndex, ...], rate_rps: float) -> ScaleIndex | None:
    """Return the scale whose index is the farthest above that of Poisson arrivals; None if none is."""
    over = [
        each
        for each in scales
        if each.ratio > max(each.high, 1 + RELEVANT, 1 + _VARIATION_MIN**2 * rate_rps * each.scale_s)
    ]
    return max(over, key=lambda each: each.ratio / each.high, default=None)


def _mmpps(series: CountSeries, poisson: ArrivalModel) -> list[ArrivalModel]:
    """Return two states about a constant rate, and about a rate that changes more slowly than bursts.

    The better is the first.
    """
    slow = fitted_rate(series, poisson.rate.season, _SLOW_GRID, is_dispersed=True)
    rates = [constant_rate(series)] if slow.is_constant else [constant_rate(series), slow]
    models = [model for rate in rates if (model := _mmpp(series, rate, poisson)) is not None]
    return sorted(models, key=lambda each: _bic(each, poisson))


def _mmpp(series: CountSeries, rate: FittedRate, poisson: ArrivalModel) -> ArrivalModel | None:
    bins = len(series.counts)
    expected, compared = (each.expected(bins, series.width_s) for each in (rate, poisson.rate))
    scales = indices(series, expected, rate.parameters)
    fit = fitted_mmpp(series, expected, compared, scales)
    if fit is None or fit.cycle_s * _CYCLES_MIN > series.length_s:
        return None
    if fit.rates_rps[1] < _RATIO_MIN * fit.rates_rps[0]:
        return None
    if rate.season is not None and series.length_s > HOURS_MAX * 3600:
        return None
    (low, high), (calm_s, burst_s) = fit.rates_rps, fit.stays_s
    reason = (
        f"they come in bursts: {low:.3g}/s for {duration_text(calm_s)} and {high:.3g}/s for {duration_text(burst_s)} "
        f"on average, {series.length_s / fit.cycle_s:,.0f} bursts, which BIC prefers to {_rate_text(poisson.rate)}"
    )
    if not rate.is_constant:
        reason += f"; with {_rate_text(rate)}"
    return ArrivalModel(ArrivalForm.MMPP, reason, rate, fit, scales)


def _bic(model: ArrivalModel, poisson: ArrivalModel) -> float:
    """Return the BIC of two states minus that of Poisson arrivals; below 0 they are the better model."""
    assert model.mmpp is not None
    extra = 3 + model.rate.parameters - poisson.rate.parameters
    return extra * math.log(model.mmpp.bins) - 2 * model.mmpp.gain


def _differences(series: CountSeries, model: ArrivalModel) -> str:
    """Return what two states do not reproduce of the recording; empty if nothing."""
    assert model.mmpp is not None
    (calm_s, burst_s), width_s = model.mmpp.stays_s, series.width_s
    means = model.rate.expected(len(series.counts), width_s)
    for each in model.scales:
        # Bursts are multiplied with a rate that changes, so its busy parts weigh by the square.
        level = summed(means, round(each.scale_s / width_s))
        weight = float(np.square(level).mean() / level.mean() ** 2)
        expected = 1 + (model.mmpp.index(each.scale_s) - 1) * weight
        if abs(each.ratio - expected) > max(_INDEX_SHARE * expected, _INDEX_ERRORS * each.error):
            return f"{_index_text(each)}, of two states {expected:.3g}"
    heights = model.mmpp.heights
    if heights.differ:
        return f"the rates of {heights.bursts} bursts differ by {heights.variation:.0%} (standard deviation)"
    window = max(1, round(calm_s * burst_s / (calm_s + burst_s) / width_s))
    windows = min(len(series.counts) // window, _SAMPLE_WINDOWS_MAX)
    level = summed(means, window)
    level = level[np.linspace(0, len(level) - 1, windows).astype(np.int64)] / level.mean()
    found = np.quantile(summed(series.counts, window), _QUANTILES)
    sampled = [np.quantile(each, _QUANTILES) for each in _samples(model.mmpp, window * width_s, level)]
    low, high = np.min(sampled, axis=0), np.max(sampled, axis=0)
    for share, value, least, most in zip(_QUANTILES, found.tolist(), low.tolist(), high.tolist(), strict=True):
        if not least * (1 - _QUANTILE_SHARE) - 1 <= value <= most * (1 + _QUANTILE_SHARE) + 1:
            of = f"{share:.0%} of windows of {duration_text(window * width_s)} have at most {value:.3g} requests"
            return f"{of}, of two states {least:.3g} to {most:.3g}"
    return ""


def _samples(fit: MmppFit, window_s: float, factors: Floats) -> list[Floats]:
    """Return counts of windows of the fitted process, played several times from random stays. `factors`: of the rate in
    each window.
    """
    rng = RandomStreams(0).stream("ingest", "two states")
    length_s = len(factors) * window_s
    samples = []
    for _ in range(_SAMPLES):
        cycles = 16 + math.ceil(1.5 * length_s / fit.cycle_s + 6 * math.sqrt(length_s / fit.cycle_s))
        stays = rng.exponential(fit.stays_s, (cycles, 2))
        first = int(rng.random() < fit.stays_s[1] / fit.cycle_s)
        edges = np.concatenate([[0.0], np.cumsum(stays.ravel()[first:])])
        rates = np.tile(fit.rates_rps, cycles)[first:]
        sums = np.concatenate([[0.0], np.cumsum(np.diff(edges) * rates)])
        means = np.diff(np.interp(np.arange(len(factors) + 1) * window_s, edges, sums))
        samples.append(rng.poisson(means * factors).astype(np.float64))
    return samples


def _rate_text(rate: FittedRate) -> str:
    low, high, changes = min(rate.rates_rps), max(rate.rates_rps), len(rate.rates_rps) - 1
    season = "" if rate.season is None else f" and {rate.season.title}"
    if not changes:
        return f"a constant rate of {low:.3g}/s{season}" if not season else f"a mean rate of {low:.3g}/s{season}"
    return f"a rate of {low:.3g}/s to {high:.3g}/s with {changes} change point{'s' if changes > 1 else ''}{season}"


def _index_text(each: ScaleIndex) -> str:
    window = duration_text(each.scale_s)
    return f"index of dispersion {each.ratio:.3g} in windows of {window}, {each.low:.3g} to {each.high:.3g} for Poisson"
