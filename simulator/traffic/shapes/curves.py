"""Rate curves: the intended request rate of a source over time, and when its n-th request is due.

A curve is a sequence of linear pieces, with jumps allowed between them. Its integral, the expected number of requests
so far, is known in closed form and so is the inverse: a request "due at 17.3" has one exact time. A sine is
approximated by 256 linear pieces per period, which changes its rate by at most 0.008 % of the amplitude ((2 pi / 256)^2
/ 8).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple, assert_never

import numpy as np

from simulator.scenario.rate_factor import STEADY, RateFactor, Times
from simulator.scenario.recordings import traces
from simulator.scenario.sections.shape_spec import (
    BinsSpec,
    ClockSpec,
    Curve,
    CurveSpec,
    MmppSpec,
    PoissonSpec,
    RampSpec,
    SineSpec,
    SpikeSpec,
    StagesSpec,
    StepsSpec,
)
from simulator.scenario.sections.traffic_spec import SourceSpec

SINE_PIECES: Final = 256


class Piece(NamedTuple):
    """A linear change of the rate from `start_rps` to `end_rps` within [begin_s, end_s)."""

    begin_s: float
    end_s: float
    start_rps: float
    end_rps: float

    @property
    def is_empty(self) -> bool:
        """True if the piece has no length, and so no rate, such as a rise of 0 s or a piece cut at its beginning."""
        return self.end_s <= self.begin_s

    def rate_at(self, at_s: float) -> float:
        assert not self.is_empty, self
        if self.start_rps == self.end_rps or math.isinf(self.end_s):
            return self.start_rps
        return self.start_rps + (self.end_rps - self.start_rps) * (at_s - self.begin_s) / (self.end_s - self.begin_s)

    def between(self, begin_s: float, end_s: float) -> Piece:
        return Piece(begin_s, end_s, self.rate_at(begin_s), self.rate_at(end_s))


class RateCurve:
    """Consecutive linear pieces without gaps, in seconds of the run."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        table = np.asarray([piece for piece in pieces if not piece.is_empty], dtype=np.float64).reshape(-1, 4)
        self._begin, end, self._rate = table[:, 0], table[:, 1], table[:, 2]
        self._slope = (table[:, 3] - table[:, 2]) / (end - self._begin)
        whole = np.cumsum((end - self._begin) * (table[:, 2] + table[:, 3]) / 2)
        self._due = np.concatenate(([0.0], whole))[:-1]
        self.total = float(whole[-1]) if len(whole) else 0.0
        self.peak_rps = float(np.max(table[:, 2:], initial=0.0))

    def _level_piece(self, due: Times) -> tuple[float, float, float] | None:
        """If one piece with a constant rate contains all of `due`, return its start, first request number and rate;
        else None.

        For a constant rate the general formula, 2 rest / (rate + sqrt(rate^2)), equals rest / rate to the last digit.
        The latter is 15 times as fast, and the rate of most traffic is constant for many requests.
        """
        if not len(due):
            return None
        first, last = (np.searchsorted(self._due, (due[0], due[-1]), side="right") - 1).tolist()
        if first != last or self._slope[first] != 0 or self._rate[first] <= 0:
            return None
        return float(self._begin[first]), float(self._due[first]), float(self._rate[first])

    def times(self, due: Times) -> Times:
        """Return the send times of the requests with the numbers `due` (ascending, 0 <= due < total, fractions
        allowed).
        """
        if (level := self._level_piece(due)) is not None:
            begin_s, first_due, rate_rps = level
            return begin_s + (due - first_due) / rate_rps
        piece = np.searchsorted(self._due, due, side="right") - 1
        rest, rate = due - self._due[piece], self._rate[piece]
        # Solves rate x + slope x^2 / 2 = rest without cancellation; exact where the slope is 0.
        root = rate + np.sqrt(np.maximum(rate * rate + 2 * self._slope[piece] * rest, 0))
        with np.errstate(invalid="ignore", divide="ignore"):
            since = np.where(root > 0, 2 * rest / root, 0.0)
        return self._begin[piece] + since


def curve_of(
    source: SourceSpec, duration_s: float, factor: RateFactor = STEADY, rng: np.random.Generator | None = None
) -> RateCurve:
    """Return the rate curve of a source. Every open shape has one except a trace, `at_once`, and bins with Poisson
    arrivals.

    `rng` samples the states of an `mmpp`; without it the curve is the mean.
    """
    return RateCurve(pieces_of(source, duration_s, factor, rng))


def pieces_of(
    source: SourceSpec, duration_s: float, factor: RateFactor = STEADY, rng: np.random.Generator | None = None
) -> list[Piece]:
    """Return the pieces of a source's rate, in seconds of the run. The parameters are those of `curve_of`."""
    shape, end_s = source.shape, source.end_s(duration_s)
    assert isinstance(shape, CurveSpec), f"{source.shape_name} has no rate curve"
    stretched = [
        Piece(
            source.from_s + piece.begin_s * source.time_scale,
            source.from_s + piece.end_s * source.time_scale,
            piece.start_rps * source.scale / source.time_scale,
            piece.end_rps * source.scale / source.time_scale,
        )
        for piece in _pieces(shape, (end_s - source.from_s) / source.time_scale, rng)
    ]
    played = [_cut(piece, end_s) for piece in stretched if piece.begin_s < end_s and not piece.is_empty]
    return _factored(played, factor)


def _cut(piece: Piece, end_s: float) -> Piece:
    return piece if piece.end_s <= end_s else piece.between(piece.begin_s, end_s)


def _factored(pieces: Sequence[Piece], factor: RateFactor) -> list[Piece]:
    """Return `pieces` multiplied by `factor`, split where the factor changes."""
    if factor.is_one:
        return list(pieces)
    edges = np.asarray(factor.starts_s)
    result = []
    for piece in pieces:
        inner = edges[(edges > piece.begin_s) & (edges < piece.end_s)]
        cuts = [piece.begin_s, *inner.tolist(), piece.end_s]
        for begin_s, end_s in pairwise(cuts):
            part = piece.between(begin_s, end_s)
            times = float(factor.at(np.asarray([begin_s]))[0])
            result.append(part._replace(start_rps=part.start_rps * times, end_rps=part.end_rps * times))
    return result


def _pieces(  # noqa: PLR0911 one return per shape is the table
    shape: Curve, span_s: float, rng: np.random.Generator | None
) -> list[Piece]:
    """Return the shape on its own time axis; the pieces cover [0, span_s) or a part of it from 0 on."""
    match shape:
        case ClockSpec() | PoissonSpec():
            return [Piece(0, span_s, shape.rate_rps, shape.rate_rps)]
        case StepsSpec():
            return _steps(shape)
        case RampSpec():
            change = Piece(0, shape.over_s, shape.start_rps, shape.end_rps)
            return [change, Piece(shape.over_s, max(span_s, shape.over_s), shape.end_rps, shape.end_rps)]
        case SpikeSpec():
            return _spike(shape, span_s)
        case SineSpec():
            return _sine(shape, span_s)
        case StagesSpec():
            return _stages(shape)
        case MmppSpec():
            return _mmpp(shape, span_s, rng)
        case BinsSpec():
            return _smooth(shape)
        case _:
            assert_never(shape)


def _steps(given: StepsSpec) -> list[Piece]:
    ends = np.cumsum([level.for_s for level in given.levels]).tolist()
    begins = [0.0, *ends[:-1]]
    rates = [level.rate_rps for level in given.levels]
    return [Piece(begin, end, rate, rate) for begin, end, rate in zip(begins, ends, rates, strict=True)]


def _stages(given: StagesSpec) -> list[Piece]:
    pieces, at_s, rate_rps = [], 0.0, given.start_rps
    for stage in given.stages:
        pieces.append(Piece(at_s, at_s + stage.duration_s, rate_rps, stage.target_rps))
        at_s, rate_rps = at_s + stage.duration_s, stage.target_rps
    return pieces


def _mmpp(given: MmppSpec, span_s: float, rng: np.random.Generator | None) -> list[Piece]:
    """Sample the states of an MMPP.

    The first state is sampled by the shares of time of the states, so the process is stationary from the start.
    """
    if rng is None:
        return [Piece(0, span_s, given.mean_rps, given.mean_rps)]
    stays_s = np.asarray([state.stay_s for state in given.states])
    place = int(rng.choice(len(stays_s), p=stays_s / stays_s.sum()))
    pieces, at_s = [], 0.0
    while at_s < span_s:
        state = given.states[place]
        end_s = at_s + float(rng.exponential(state.stay_s))
        pieces.append(Piece(at_s, min(end_s, span_s), state.rate_rps, state.rate_rps))
        at_s, place = end_s, (place + 1) % len(given.states)
    return pieces


def _spike(spike: SpikeSpec, span_s: float) -> list[Piece]:
    risen = spike.at_s + spike.rise_s
    over = risen + spike.for_s
    fallen = over + spike.fall_s
    return [
        Piece(0, spike.at_s, spike.base_rps, spike.base_rps),
        Piece(spike.at_s, risen, spike.base_rps, spike.peak_rps),
        Piece(risen, over, spike.peak_rps, spike.peak_rps),
        Piece(over, fallen, spike.peak_rps, spike.base_rps),
        Piece(fallen, max(span_s, fallen), spike.base_rps, spike.base_rps),
    ]


def _sine(sine: SineSpec, span_s: float) -> list[Piece]:
    step_s = sine.period_s / SINE_PIECES
    edges = np.arange(math.ceil(span_s / step_s) + 1) * step_s
    swing = np.cos(2 * math.pi * (edges - sine.peak_at_s) / sine.period_s)
    rates = np.maximum((sine.low_rps + sine.high_rps) / 2 + (sine.high_rps - sine.low_rps) / 2 * swing, 0)
    columns = (edges[:-1], edges[1:], rates[:-1], rates[1:])
    return [Piece(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _smooth(bins: BinsSpec) -> list[Piece]:
    rates = (traces.bin_counts(bins) / bins.bin_s).tolist()
    return [Piece(n * bins.bin_s, (n + 1) * bins.bin_s, rate, rate) for n, rate in enumerate(rates)]
