"""Counts of requests in consecutive bins of equal width, from the start of a recording on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.ingest.blocks import Floats

# More bins would take seconds per fit; a longer recording has wider ones.
BINS_MAX: Final = 2_000_000
# A tenth of a second shows bursts of a second; sparser requests than this would leave nearly all such bins empty.
_NARROW_S: Final = 0.1
_NARROW_RPS: Final = 5.0
_NARROW_LENGTH_S: Final = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class CountSeries:
    """Counts per bin of `width_s` seconds."""

    width_s: float
    counts: Floats

    @property
    def length_s(self) -> float:
        """The length of all bins."""
        return len(self.counts) * self.width_s

    @property
    def total(self) -> float:
        """The number of requests."""
        return float(self.counts.sum())

    @property
    def middles_s(self) -> Floats:
        """The middle of each bin."""
        return np.asarray((np.arange(len(self.counts)) + 0.5) * self.width_s, dtype=np.float64)

    def coarser(self, each: int) -> CountSeries:
        """Return the counts of each `each` bins together; the bins at the end that are less are left out."""
        return CountSeries(self.width_s * each, summed(self.counts, each))


def summed(values: Floats, each: int) -> Floats:
    """Return the sums of each `each` values; the values at the end that are less are left out."""
    whole = len(values) // each * each
    return np.asarray(values[:whole].reshape(-1, each).sum(axis=1), dtype=np.float64)


def count_series(times_s: Floats | None, counts: Floats | None, bin_s: float, length_s: float) -> CountSeries:
    """Count requests: their times in seconds from the start, ascending, or counts per bin of `bin_s` seconds.

    An incomplete bin at the end is left out, unless it is the only one.
    """
    if counts is not None:
        series = CountSeries(bin_s, counts[: max(1, math.floor(length_s / bin_s + 1e-9))])
    else:
        assert times_s is not None
        narrow = len(times_s) >= _NARROW_RPS * length_s and length_s <= _NARROW_LENGTH_S
        width_s = _NARROW_S if narrow else 1.0
        bins = max(1, math.floor(length_s / width_s + 1e-9))
        places = np.floor(times_s / width_s + 1e-9).astype(np.int64)
        found = np.bincount(places[places < bins], minlength=bins).astype(np.float64)
        series = CountSeries(width_s, found)
    each = math.ceil(len(series.counts) / BINS_MAX)
    return series if each == 1 else series.coarser(each)
