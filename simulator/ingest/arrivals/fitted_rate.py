"""The rate of a recording over time: constant between change points, times a season.

Change points are found with `ruptures`: the square roots of the counts have the same variance at every rate
(Anscombe's transform), so the least-squares cost is that of a Poisson likelihood, and its exact solution (PELT) with a
penalty by BIC chooses their number. With a season, the bins have equal expected counts under the season instead of
equal widths. Each change point is then placed among the finest bins by the Poisson likelihood of its two sides, and
left out if that likelihood does not pay the penalty: a change within a bin makes two of one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.ingest.arrivals.count_series import CountSeries
from simulator.ingest.arrivals.season import Season
from simulator.ingest.blocks import Floats

GRID_MAX: Final = 2000
# The transform needs a few requests in a bin.
_COUNT_MIN: Final = 5.0
_GRID_MIN: Final = 8
_SEGMENT_MIN: Final = 3
# In units of log n: a change point has a place and a level, and each place was chosen out of n (modified BIC).
_PENALTY: Final = 3.0


@dataclass(frozen=True, slots=True)
class FittedRate:
    """A rate: `rates_rps[i]` from `edges_s[i]` to `edges_s[i + 1]`, times the season's factor if there is one."""

    edges_s: tuple[float, ...]
    rates_rps: tuple[float, ...]
    season: Season | None = None

    @property
    def is_constant(self) -> bool:
        """True without change points and season."""
        return len(self.rates_rps) == 1 and self.season is None

    @property
    def parameters(self) -> int:
        """The number of fitted values: levels, places of change points, and weights of the season."""
        return 2 * len(self.rates_rps) - 1 + (0 if self.season is None else len(self.season.weights))

    def expected(self, bins: int, width_s: float) -> Floats:
        """Return the expected counts of the first `bins` bins of this width."""
        sums = np.concatenate([[0.0], np.cumsum(np.diff(self.edges_s) * np.asarray(self.rates_rps))])
        edges_s = np.arange(bins + 1) * width_s
        counts = np.diff(np.interp(edges_s, self.edges_s, sums))
        if self.season is not None:
            counts *= self.season.factors((edges_s[:-1] + edges_s[1:]) / 2)
        return np.asarray(counts, dtype=np.float64)


def constant_rate(series: CountSeries) -> FittedRate:
    """Return the mean rate of a recording, without change points."""
    return FittedRate((0.0, series.length_s), (series.total / series.length_s,))


def fitted_rate(
    series: CountSeries, season: Season | None, grid: int = GRID_MAX, *, is_dispersed: bool = False
) -> FittedRate:
    """Return the rate of a recording.

    `grid`: the most bins among which change points are looked for. `is_dispersed`: the bins vary more than Poisson
    counts; the penalty is multiplied by the dispersion that neighbouring bins have.
    """
    widths = np.full(len(series.counts), series.width_s)
    if season is not None:
        widths *= season.factors(series.middles_s)
    spans = np.concatenate([[0.0], np.cumsum(widths)])
    sums = np.concatenate([[0.0], np.cumsum(series.counts)])
    edges = _grid(spans, series, grid)
    places = [0, len(series.counts)]
    if len(edges) > _GRID_MIN:
        counts, widths = np.diff(sums[edges]), np.diff(spans[edges])
        roots = 2 * np.sqrt((counts + 0.375) * (widths.mean() / widths))
        dispersion = max(1.0, float(np.square(np.diff(roots)).mean()) / 2) if is_dispersed else 1.0
        penalty = _PENALTY * math.log(len(roots)) * dispersion
        found = _change_points(roots, penalty)
        places = _placed(edges, found, sums, spans)
        while found and (weakest := _weakest(places, sums, spans))[0] < penalty:
            del found[weakest[1]]
            places = _placed(edges, found, sums, spans)
    rates = np.diff(sums[places]) / np.diff(spans[places])
    return FittedRate(tuple(place * series.width_s for place in places), tuple(rates.tolist()), season)


def _grid(spans: Floats, series: CountSeries, grid: int) -> list[int]:
    """Return the edges of bins with equal spans, as places among the bins of the series."""
    bins = min(grid, len(series.counts), int(series.total / _COUNT_MIN))
    if bins < _GRID_MIN:
        return [0, len(series.counts)]
    if series.counts.size and np.allclose(np.diff(spans), series.width_s):
        each = math.ceil(len(series.counts) / bins)
        return [*range(0, len(series.counts) - each + 1, each), len(series.counts)]
    edges = np.searchsorted(spans, np.linspace(0.0, spans[-1], bins + 1))
    edges[-1] = len(series.counts)
    return [int(edge) for edge in np.unique(edges)]


def _change_points(roots: Floats, penalty: float) -> list[int]:
    """Return the bins at which the mean of values with variance 1 changes."""
    import ruptures  # noqa: PLC0415 in the extra `lab`

    search = ruptures.KernelCPD(kernel="linear", min_size=_SEGMENT_MIN).fit(roots[:, None])
    return [int(end) for end in search.predict(pen=penalty)[:-1]]


def _placed(edges: list[int], found: list[int], sums: Floats, spans: Floats) -> list[int]:
    """Return the change points among the bins of the series, with its two ends."""
    rough = [0, *(edges[place] for place in found), len(sums) - 1]
    placed = [0]
    for place, after in zip(found, rough[2:], strict=True):
        low, high = max(edges[place - 1], placed[-1] + 1), min(edges[place + 1], after - 1)
        tried = np.arange(low, high + 1)
        left = _likelihood(sums[tried] - sums[placed[-1]], spans[tried] - spans[placed[-1]])
        right = _likelihood(sums[after] - sums[tried], spans[after] - spans[tried])
        placed.append(int(tried[np.argmax(left + right)]))
    return [*placed, len(sums) - 1]


def _weakest(places: list[int], sums: Floats, spans: Floats) -> tuple[float, int]:
    """Return the least gain of a change point, twice its log-likelihood, and its number."""
    counts, widths = np.diff(sums[places]), np.diff(spans[places])
    apart = _likelihood(counts, widths)
    joined = _likelihood(counts[:-1] + counts[1:], widths[:-1] + widths[1:])
    gains = 2 * (apart[:-1] + apart[1:] - joined)
    return float(gains.min()), int(gains.argmin())


def _likelihood(counts: Floats, spans: Floats) -> Floats:
    """Return the greatest log-likelihood of Poisson counts in spans, without the terms that no rate changes."""
    rates = np.maximum(counts, 1e-12) / np.maximum(spans, 1e-12)
    return np.asarray(counts * np.log(rates) - counts, dtype=np.float64)
