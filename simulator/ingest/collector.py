"""Collects the requests of the chosen functions: their times while they are few, counts per bin otherwise."""

from __future__ import annotations

from typing import Final, assert_never

import numpy as np

from simulator.ingest.blocks import BINS_MAX, Block, Counts, Floats, Percentiles, Requests
from simulator.ingest.duration_histogram import DurationHistogram
from simulator.ingest.route_use import RouteUse

# A trace with more rows would be some 30 MB of text; counts per second of a year are fewer bytes.
TIMES_MAX: Final = 2_000_000


class TooLong(Exception):
    """The recording spans more bins than `BINS_MAX`. `span_s`: its length in seconds."""

    def __init__(self, span_s: float) -> None:
        super().__init__(span_s)
        self.span_s = span_s


class BinCounts:
    """Counts per bin of `width_s` seconds, for times in any order. Bin 0 begins at `first * width_s`."""

    def __init__(self, width_s: float) -> None:
        self.width_s = width_s
        self.first = 0
        self.counts: Floats = np.zeros(0)

    def add(self, times_s: Floats, counts: Floats | None = None) -> None:
        """Add requests at these times, one each, or as many as `counts` says."""
        if not len(times_s):
            return
        places = np.floor(times_s / self.width_s + 1e-9).astype(np.int64)
        self._reach(int(places.min()), int(places.max()))
        self.counts += np.bincount(places - self.first, weights=counts, minlength=len(self.counts))

    def _reach(self, low: int, high: int) -> None:
        """Extend the array to the bins from `low` to `high`."""
        if not len(self.counts):
            self.first = low
        first, end = min(low, self.first), max(high + 1, self.first + len(self.counts))
        if end - first > BINS_MAX:
            raise TooLong((end - first) * self.width_s)
        if end - first > len(self.counts):
            grown = np.zeros(end - first)
            grown[self.first - first : self.first - first + len(self.counts)] = self.counts
            self.first, self.counts = first, grown


class Collector:
    """The requests of one function.

    `bin_s`: count in bins of this width from the start; None keeps times until there are more than `TIMES_MAX`.
    """

    def __init__(self, bin_s: float | None) -> None:
        self.requests = 0.0
        self.durations = DurationHistogram()
        self.routes = RouteUse()
        self._times: list[Floats] = []
        self._lengths: list[Floats] = []
        self.bins = None if bin_s is None else BinCounts(bin_s)

    def add(self, block: Block) -> None:
        """Add a block that has requests of this function only.

        Raises:
            TooLong: if the recording is too long for its bins.
            ValueError: if the bins are narrower than those of a file with counts.
        """
        match block:
            case Requests():
                self._add_requests(block)
            case Counts():
                self._add_counts(block)
            case Percentiles():
                self.durations.add_percentiles(block)
            case _:
                assert_never(block)

    def times(self) -> tuple[Floats, Floats | None]:
        """Return the start of each request, ascending, and its duration if all are known. Not for binned requests."""
        times_s = np.concatenate(self._times) if self._times else np.zeros(0)
        order = np.argsort(times_s, kind="stable")
        if len(self._lengths) < len(self._times) or not self._times:
            return times_s[order], None
        return times_s[order], np.concatenate(self._lengths)[order]

    def _add_requests(self, block: Requests) -> None:
        self.requests += len(block.start_s)
        self.routes.add(block)
        if block.duration_s is not None:
            self.durations.add(block.duration_s)
        if self.bins is not None:
            self.bins.add(block.start_s)
            return
        self._times.append(block.start_s)
        if block.duration_s is not None:
            self._lengths.append(block.duration_s)
        if self.requests > TIMES_MAX:
            self._count_in_bins(1.0)

    def _add_counts(self, block: Counts) -> None:
        self.requests += float(block.counts.sum())
        if self.bins is None:
            self._count_in_bins(block.width_s)
        assert self.bins is not None
        if block.width_s > self.bins.width_s * (1 + 1e-9):
            raise ValueError(f"--bin = {self.bins.width_s:g}s, must be at least {block.width_s:g}s: the files count so")
        starts: Floats = block.start_s + np.arange(len(block.counts), dtype=np.float64) * block.width_s
        used = block.counts > 0
        self.bins.add(starts[used], block.counts[used])

    def _count_in_bins(self, width_s: float) -> None:
        self.bins = BinCounts(width_s)
        for times_s in self._times:
            self.bins.add(times_s)
        self._times, self._lengths = [], []
