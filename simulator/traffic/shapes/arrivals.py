"""Arrivals: the send times of the requests of an open source.

Times come in ascending chunks of bounded size, so memory does not grow with the number of requests. The same seed,
source position and scenario give the same times, independent of the other sources.

- A rate curve with Poisson spacing: a Poisson process of rate 1 (sums of exponential samples), whose times are mapped
  to where the curve's integral reaches them, which is exact for a varying rate (inversion). With clock spacing the
  times before the mapping are 0, 1, 2, ...
- Bins with Poisson arrivals: the recorded count of each bin, thinned by `scale`, is placed uniformly at random in the
  bin, which is the distribution of a Poisson process given its counts. Fractional counts are means (averages, rates,
  samples): the requests of each bin are sampled from a Poisson distribution with that mean, so rounding loses none.
- An MMPP: the states are sampled first and define a curve of constant pieces.
- A per-request trace: the recorded times, thinned at random.

A factor above 1 multiplies the counts of bins. In a trace it repeats requests at the same instant, because the times of
further requests are unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, assert_never

import numpy as np
from numpy.typing import NDArray

from simulator.scenario.rate_factor import STEADY, RateFactor
from simulator.scenario.recordings import traces
from simulator.scenario.sections.shape_spec import (
    AtOnceSpec,
    BinsSpec,
    ClosedSpec,
    CurveSpec,
    MmppSpec,
    TraceSpec,
    is_clocked,
)
from simulator.scenario.sections.traffic_spec import SourceSpec
from simulator.traffic.shapes.curves import RateCurve, curve_of
from simulator.world.random_streams import RandomStreams

Times = NDArray[np.float64]

# 512 KB of float64: fits in a second-level cache and makes numpy's cost per call negligible.
CHUNK_ARRIVALS: Final = 65_536
# In requests: greater than the rounding error of a sum of rates x times and of its limits.
TOTAL_EPSILON: Final = 1e-12
# Bins that share a random stream and a sort; one sort per sparse bin (a few requests each) would take too many calls.
BLOCK_BINS: Final = 64


def arrival_chunks(
    source: SourceSpec, streams: RandomStreams, index: int, duration_s: float, factor: RateFactor = STEADY
) -> Iterator[Times]:
    """Yield ascending times in [from, until) of the run, in seconds, in chunks of 1 to CHUNK_ARRIVALS.

    `index` is the source's position in the scenario and names its stream; `factor` is the timeline's factor on its
    rate.

    Raises:
        ScenarioError: while iterating, for an invalid row of a data file.
    """
    shape = source.shape
    match shape:
        case TraceSpec():
            return _of_trace(source, shape, streams, index, duration_s, factor)
        case BinsSpec(arrivals="poisson"):
            return _of_bins(source, shape, streams, index, duration_s, factor)
        case AtOnceSpec():
            return _at_once(source, shape, streams, index, duration_s, factor)
        case CurveSpec():
            states = streams.stream("traffic", index, "states") if isinstance(shape, MmppSpec) else None
            curve = curve_of(source, duration_s, factor, states)
            if is_clocked(shape):
                return _clocked(curve)
            return _poisson(curve, streams.stream("traffic", index, "arrivals"))
        case ClosedSpec():
            msg = "a closed source has no arrivals of its own"
            raise AssertionError(msg)
        case _:
            assert_never(shape)


# --- rate curves -----------------------------------------------------------------------------------


def _clocked(curve: RateCurve) -> Iterator[Times]:
    """Yield request number n while n is below the curve's total. A request that is due exactly at the end is not sent.

    The rounding error of a total (1.3 - 1 = 0.30000000000000004) does not count as a request.
    """
    count = math.ceil(curve.total * (1 - TOTAL_EPSILON) - TOTAL_EPSILON)
    for first in range(0, count, CHUNK_ARRIVALS):
        yield curve.times(np.arange(first, min(first + CHUNK_ARRIVALS, count), dtype=np.float64))


def _poisson(curve: RateCurve, rng: np.random.Generator) -> Iterator[Times]:
    reached = 0.0
    while True:
        due = rng.standard_exponential(CHUNK_ARRIVALS)
        due[0] += reached
        np.cumsum(due, out=due)
        reached = float(due[-1])
        if reached >= curve.total:
            break
        yield curve.times(due)
    last = due[: np.searchsorted(due, curve.total)]
    if len(last):
        yield curve.times(last)


# --- all at once ---------------------------------------------------------------------------------


def _at_once(
    source: SourceSpec, given: AtOnceSpec, streams: RandomStreams, index: int, duration_s: float, factor: RateFactor
) -> Iterator[Times]:
    """Yield requests that arrive at one instant. `scale` multiplies or thins them as in a trace."""
    at_s = source.from_s + given.at_s * source.time_scale
    if at_s < source.end_s(duration_s):
        yield from _repeated(
            np.full(given.requests, at_s), factor, source.scale, streams.stream("traffic", index, "once")
        )


# --- bins ------------------------------------------------------------------------------------------


def _of_bins(
    source: SourceSpec, bins: BinsSpec, streams: RandomStreams, index: int, duration_s: float, factor: RateFactor
) -> Iterator[Times]:
    width_s = bins.bin_s * source.time_scale
    end_s = source.end_s(duration_s)
    recorded = traces.bin_counts(bins)
    are_counts = traces.are_whole(recorded)
    for first in range(0, len(recorded), BLOCK_BINS):
        if source.from_s + first * width_s >= end_s:
            return
        rng = streams.stream("traffic", index, "bins", first)
        means = recorded[first : first + BLOCK_BINS]
        counts = _scaled_counts(means, source.scale, rng) if are_counts else rng.poisson(means * source.scale)
        begins_s: Times = source.from_s + np.arange(first, first + len(counts), dtype=np.float64) * width_s
        for times in _in_block(begins_s, counts, width_s, rng):
            yield from _repeated(times[times < end_s], factor, 1.0, rng)


def _scaled_counts(recorded: Times, scale: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Keep each recorded request with probability `scale`; above 1, send it `scale` times on average."""
    whole, counts = int(scale), np.rint(recorded).astype(np.int64)
    return whole * counts + rng.binomial(counts, scale - whole)


def _in_block(begins_s: Times, counts: NDArray[np.int64], width_s: float, rng: np.random.Generator) -> Iterator[Times]:
    """Yield the arrivals of bins: all bins together if they fit in a chunk, otherwise bin by bin."""
    if counts.sum() <= CHUNK_ARRIVALS:
        yield np.sort(np.repeat(begins_s, counts) + width_s * rng.random(int(counts.sum())))
        return
    for begin_s, count in zip(begins_s.tolist(), counts.tolist(), strict=True):
        yield from _evenly_at_random(begin_s, width_s, count, rng)


def _evenly_at_random(begin_s: float, width_s: float, count: int, rng: np.random.Generator) -> Iterator[Times]:
    """Yield `count` uniform random times, ascending.

    If they do not fit in a chunk, a fair binomial sample splits them into two halves of the interval.
    """
    if count <= CHUNK_ARRIVALS:
        yield begin_s + width_s * np.sort(rng.random(count))
        return
    left = int(rng.binomial(count, 0.5))
    half_s = width_s / 2
    yield from _evenly_at_random(begin_s, half_s, left, rng)
    yield from _evenly_at_random(begin_s + half_s, half_s, count - left, rng)


# --- traces ----------------------------------------------------------------------------------------


def _of_trace(
    source: SourceSpec, trace: TraceSpec, streams: RandomStreams, index: int, duration_s: float, factor: RateFactor
) -> Iterator[Times]:
    rng = streams.stream("traffic", index, "thinning")
    end_s = source.end_s(duration_s)
    for block in traces.request_times(trace):
        times = source.from_s + block * source.time_scale
        kept = times[times < end_s]
        yield from _repeated(kept, factor, source.scale, rng)
        if len(kept) < len(times):
            return


def _repeated(times: Times, factor: RateFactor, scale: float, rng: np.random.Generator) -> Iterator[Times]:
    """Yield each time `scale x factor` times on average, in chunks; a product below 1 thins the times."""
    if factor.is_one and scale == 1:
        yield from _pieces_of(times)
        return
    most = max(1, CHUNK_ARRIVALS // math.ceil(1 + scale * max(factor.factors)))
    for first in range(0, len(times), most):  # limited so that the copies fit in a chunk
        piece = times[first : first + most]
        copies = factor.at(piece) * scale
        whole = np.floor(copies)
        kept = np.repeat(piece, (whole + (rng.random(len(piece)) < copies - whole)).astype(np.int64))
        if len(kept):
            yield kept


def _pieces_of(times: Times) -> Iterator[Times]:
    """Yield `times` in chunks; nothing if `times` is empty."""
    for first in range(0, len(times), CHUNK_ARRIVALS):
        yield times[first : first + CHUNK_ARRIVALS]
