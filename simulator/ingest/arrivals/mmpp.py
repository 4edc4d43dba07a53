"""Fits a Markov-modulated Poisson process with two states to counts.

The counts of bins are a hidden Markov model: the state of a bin is low or high, its count is Poisson with the rate of
the state, and the chance to change the state from one bin to the next follows from the mean stays. Starting points come
from moments: the index of dispersion over time scales has the relaxation time of the two states (Heffes and Lucantoni,
1986), which also chooses the width of the bins. Expectation maximization (Baum and Welch) then finds the greatest
likelihood. The recording is cut into pieces that are treated as independent, which loses little where a piece is long
compared with the stays, and lets numpy advance all pieces at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.ingest.arrivals.count_series import CountSeries, summed
from simulator.ingest.arrivals.dispersion import ScaleIndex
from simulator.ingest.blocks import Floats

# Bins of a relaxation time, so that a state rarely changes within a bin.
_BINS_A_RELAXATION: Final = 20
# Bins of all pieces, and of one.
_BINS_MAX: Final = 200_000
_PIECE_MIN: Final = 256
_RELAXATIONS_A_PIECE: Final = 40
# Shares of time of the high state from which the search starts.
_SHARES: Final = (0.02, 0.1, 0.3, 0.5, 0.7)
_FIRST_ROUNDS: Final = 8
_ROUNDS: Final = 200
_GAIN_MIN: Final = 0.01
_STAY_BINS_MIN: Final = 1.05
_RATE_MIN: Final = 1e-9
# Bursts whose rates are compared, the requests that each must have, and how far the comparison must be above chance.
_BURSTS_MIN: Final = 6
_BURST_REQUESTS_MIN: Final = 5.0
_CHANCE_ERRORS: Final = 4.0
_VARIATION_MIN: Final = 0.2


@dataclass(frozen=True, slots=True)
class MmppFit:
    """Two states, the low rate first. `gain`: by how much the log-likelihood is above that of Poisson arrivals with the
    compared rate; `bin_s`: the width of the bins of the fit; `bins`: their number.

    With a rate that changes over time, the rates are those where its factor is 1. `heights`: how the rate differs from
    one stay in the high state to the next.
    """

    rates_rps: tuple[float, float]
    stays_s: tuple[float, float]
    gain: float
    bin_s: float
    bins: int
    heights: BurstHeights

    @property
    def mean_rps(self) -> float:
        """The mean rate over a long time."""
        return sum(rate * stay for rate, stay in zip(self.rates_rps, self.stays_s, strict=True)) / sum(self.stays_s)

    @property
    def cycle_s(self) -> float:
        """The mean time from one burst to the next."""
        return sum(self.stays_s)

    def index(self, scale_s: float) -> float:
        """Return the index of dispersion of counts in windows of this length, in closed form."""
        low, high = self.rates_rps
        calm_s, burst_s = self.stays_s
        relaxation_s = calm_s * burst_s / (calm_s + burst_s)
        share = burst_s / (calm_s + burst_s)
        variance = share * (1 - share) * (high - low) ** 2
        windows = scale_s / relaxation_s
        growth = 2 * relaxation_s * (1 - (1 - math.exp(-windows)) / windows)
        return 1 + variance / self.mean_rps * growth


@dataclass(frozen=True, slots=True)
class BurstHeights:
    """The rates of bursts: their number, the index of dispersion of their counts about one rate, and the standard
    deviation of their rates in shares of the mean, without that of Poisson counts.
    """

    bursts: int
    index: float
    variation: float

    @property
    def differ(self) -> bool:
        """Return True if they differ from each other by more than chance, and by enough to matter."""
        if self.bursts < _BURSTS_MIN:
            return False
        chance = _CHANCE_ERRORS * math.sqrt(2 / (self.bursts - 1))
        return self.index > 1 + chance and self.variation > _VARIATION_MIN


class _Pieces(NamedTuple):
    """Counts, and expected counts where the factor of the state is 1: shape (bins of a piece, pieces)."""

    counts: Floats
    exposures: Floats


class _States(NamedTuple):
    """Expected counts are exposure x factor; `leave`: the chance that the next bin has the other state."""

    factors: tuple[float, float]
    leave: tuple[float, float]


def fitted_mmpp(
    series: CountSeries, expected: Floats, compared: Floats, scales: tuple[ScaleIndex, ...]
) -> MmppFit | None:
    """Return the fit; None if the counts do not vary more than Poisson counts.

    `expected`: expected counts of the bins whose level the states change; `compared`: those of the Poisson process that
    the fit is compared with; `scales`: the indices of dispersion about `expected`.
    """
    relaxation_s = _relaxation_s(scales)
    if relaxation_s is None or not series.total:
        return None
    each = max(1, int(relaxation_s / (_BINS_A_RELAXATION * series.width_s)))
    while len(series.counts) // each < _PIECE_MIN and each > 1:
        each //= 2
    bin_s = each * series.width_s
    counts, exposures, other = (summed(values, each) for values in (series.counts, expected, compared))
    length = min(len(counts), max(_PIECE_MIN, int(_RELAXATIONS_A_PIECE * relaxation_s / bin_s)))
    pieces = _Pieces(_cut(counts, length), _cut(exposures, length))
    fits = [_climbed(pieces, start, _FIRST_ROUNDS) for start in _starts(pieces, relaxation_s / bin_s)]
    likelihood, states = _climbed(pieces, max(fits, key=lambda fit: fit[0])[1], _ROUNDS)
    poisson = _poisson_likelihood(pieces.counts, _cut(other, length))
    rate = float(exposures.sum()) / (len(exposures) * bin_s)
    return _fit(states, rate, bin_s, likelihood - poisson, pieces)


def _heights(pieces: _Pieces, states: _States) -> BurstHeights:
    """Return how the rates of bursts differ, from the bins within each: its first and last bin are left out, in which
    the state may have changed.
    """
    high = int(states.factors[1] >= states.factors[0])
    chances, moves, shares, _ = _model(pieces, states)
    forward, sums = _forward(chances, moves, shares)
    present = (forward * _backward(chances, moves, sums))[:, high] > 0.5
    closed = np.zeros((1, present.shape[1]), dtype=np.bool_)
    within = present & np.vstack([closed, present[:-1]]) & np.vstack([present[1:], closed])
    begins = within & ~np.vstack([closed, within[:-1]])
    numbers = (np.cumsum(begins.T.ravel()) - 1)[within.T.ravel()]
    counts, exposures = (np.bincount(numbers, values.T[within.T]) for values in pieces)
    enough = exposures * states.factors[high] >= _BURST_REQUESTS_MIN
    counts, exposures = counts[enough], exposures[enough]
    if len(counts) < _BURSTS_MIN:
        return BurstHeights(len(counts), 1.0, 0.0)
    means = exposures * counts.sum() / exposures.sum()
    index = float((np.square(counts - means) / means).sum() / (len(counts) - 1))
    variation = math.sqrt(max(0.0, float((np.square(counts - means) - means).sum() / np.square(means).sum())))
    return BurstHeights(len(counts), index, variation)


def _relaxation_s(scales: tuple[ScaleIndex, ...]) -> float | None:
    """Return the relaxation time of the states: the best fit of 1 + a (1 - (1 - exp(-x)) / x), x = scale / time."""
    over = [each for each in scales if each.ratio > each.high]
    if not over:
        return None
    at, index = np.asarray([each.scale_s for each in scales]), np.asarray([each.ratio for each in scales])
    weights = 1 / np.square(np.maximum([each.error for each in scales], 0.02 * index))
    best = (math.inf, 0.0)
    for relaxation_s in np.geomspace(at[0] / 3, at[-1], 80).tolist():
        windows = at / relaxation_s
        growth = 1 - (1 - np.exp(-windows)) / windows
        height = float((weights * growth * (index - 1)).sum() / (weights * np.square(growth)).sum())
        best = min(best, (float((weights * np.square(index - 1 - height * growth)).sum()), relaxation_s))
    return best[1]


def _cut(values: Floats, length: int) -> Floats:
    """Return consecutive pieces of this length, evenly over the recording if it has too many bins."""
    whole = values[: len(values) // length * length].reshape(-1, length)
    kept = max(1, _BINS_MAX // length)
    if len(whole) > kept:
        whole = whole[np.linspace(0, len(whole) - 1, kept).astype(np.int64)]
    return np.ascontiguousarray(whole.T)


def _starts(pieces: _Pieces, relaxation_bins: float) -> list[_States]:
    """Return starting points: the windows with the highest counts are the high state, for several shares of time."""
    each = max(1, min(int(relaxation_bins), len(pieces.counts)))
    counts, exposures = (summed(values.T.ravel(), each) for values in pieces)
    order = np.argsort(counts / np.maximum(exposures, 1e-12))
    starts = []
    for share in _SHARES:
        cut = len(order) - max(1, round(share * len(order)))
        if cut < 1:
            continue
        low, high = (
            float(counts[part].sum() / max(exposures[part].sum(), 1e-12)) for part in (order[:cut], order[cut:])
        )
        # The stays with this share of time and this relaxation time: 1 / time = 1 / low + 1 / high.
        stays = (relaxation_bins / share, relaxation_bins / (1 - share))
        starts.append(_States((max(low, _RATE_MIN), max(high, _RATE_MIN)), (_leaves(stays[0]), _leaves(stays[1]))))
    return starts


def _leaves(stay_bins: float) -> float:
    return min(0.9, 1 / max(stay_bins, _STAY_BINS_MIN))


def _climbed(pieces: _Pieces, states: _States, rounds: int) -> tuple[float, _States]:
    """Return the log-likelihood and the states after at most this many rounds of expectation maximization."""
    before = -math.inf
    for _ in range(rounds):
        likelihood, following = _round(pieces, states)
        if likelihood - before < _GAIN_MIN:
            return likelihood, states
        before, states = likelihood, following
    return before, states


def _round(pieces: _Pieces, states: _States) -> tuple[float, _States]:
    """Return the log-likelihood of the states, and states whose likelihood is not less."""
    counts, exposures = pieces
    chances, moves, shares, highest = _model(pieces, states)
    leave_low, leave_high = states.leave
    forward, sums = _forward(chances, moves, shares)
    backward = _backward(chances, moves, sums)
    present = forward * backward
    # The expected number of changes of state: forward at a bin, a change, then the rest of the piece.
    later = chances[1:] * backward[1:] / sums[1:, None]
    up = float((forward[:-1, 0] * later[:, 1]).sum()) * leave_low
    down = float((forward[:-1, 1] * later[:, 0]).sum()) * leave_high
    stayed = present[:-1].sum(axis=(0, 2))
    spent = np.maximum((present * exposures[:, None]).sum(axis=(0, 2)), 1e-12)
    weighted = (present * counts[:, None]).sum(axis=(0, 2)) / spent
    likelihood = float(np.log(sums).sum() + highest.sum() + _exposure_term(counts, exposures))
    factors = (max(float(weighted[0]), _RATE_MIN), max(float(weighted[1]), _RATE_MIN))
    leave = (_bounded(up / max(stayed[0], 1e-12)), _bounded(down / max(stayed[1], 1e-12)))
    return likelihood, _States(factors, leave)


def _model(pieces: _Pieces, states: _States) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the chances of the counts in each state up to a factor, those of moves, the shares of time, and the
    logarithms of the factors.
    """
    counts, exposures = pieces
    logs = np.stack([counts * math.log(factor) - factor * exposures for factor in states.factors], axis=1)
    highest = logs.max(axis=1, keepdims=True)
    leave_low, leave_high = states.leave
    moves = np.asarray([[1 - leave_low, leave_low], [leave_high, 1 - leave_high]])
    shares = np.asarray([leave_high, leave_low]) / (leave_low + leave_high)
    return np.exp(logs - highest), moves, shares, highest


def _bounded(chance: float) -> float:
    return min(max(chance, 1e-9), 0.999)


def _forward(chances: Floats, moves: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Return the chances of the states given the counts so far, and the chance of each count given those before."""
    forward, sums = np.empty_like(chances), np.empty((chances.shape[0], chances.shape[2]))
    now: NDArray[np.float64] = shares[:, None] * chances[0]
    for place in range(len(chances)):
        if place:
            now = (moves.T @ forward[place - 1]) * chances[place]
        sums[place] = now.sum(axis=0)
        forward[place] = now / sums[place]
    return forward, sums


def _backward(chances: Floats, moves: Floats, sums: Floats) -> Floats:
    backward = np.ones_like(chances)
    for place in range(len(chances) - 2, -1, -1):
        backward[place] = moves @ (chances[place + 1] * backward[place + 1]) / sums[place + 1]
    return backward


def _exposure_term(counts: Floats, exposures: Floats) -> float:
    """Return the part of a Poisson log-likelihood that the exposures have and the states do not change."""
    return float(np.where(counts > 0, counts * np.log(np.maximum(exposures, 1e-300)), 0.0).sum())


def _poisson_likelihood(counts: Floats, expected: Floats) -> float:
    return _exposure_term(counts, expected) - float(expected.sum())


def _fit(states: _States, rate_rps: float, bin_s: float, gain: float, pieces: _Pieces) -> MmppFit:
    """Return the states in continuous time: a chance to leave per bin comes from rates of leaving, r1 and r2, by
    r1 / (r1 + r2) x (1 - exp(-(r1 + r2) bin)).
    """
    both = sum(states.leave)
    total = -math.log(max(1 - both, 1e-6)) / bin_s
    stays = tuple(float(both / (total * leave)) for leave in states.leave)
    pairs = sorted(zip((factor * rate_rps for factor in states.factors), stays, strict=True))
    (low, calm_s), (high, burst_s) = pairs
    return MmppFit((low, high), (calm_s, burst_s), gain, bin_s, pieces.counts.size, _heights(pieces, states))
