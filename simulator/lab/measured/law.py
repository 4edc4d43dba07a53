"""The measured service times as a law for the simulated application.

A law is a list of equally likely times, as `empirical` in a scenario file: the mean of each of `VALUES` equal shares of
the sorted times. So it has the measured mean, and each percentile to the width of a share. The part without CPU (`io`)
is moved by the difference between measured and modelled times, so that CPU time, waiting for workers and calls of
downstream resources stay as the file models them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.records.histogram import Histogram
from simulator.scenario.sections.distribution_spec import DistributionSpec

# The 95th percentile is in the middle of a share (28.5 of 30), not at the edge of two.
VALUES: Final = 30
_CUT_MAX: Final = 0.01  # share of the mean by which cutting times below 0 may lengthen it
_DRAWS: Final = 21_000
_MS: Final = 1e3

Shares = NDArray[np.float64]


class Law(NamedTuple):
    """CPU time and time without CPU of a request, each as means of equal shares of its sorted times."""

    cpu_s: Shares
    io_s: Shares

    @classmethod
    def of(cls, cpu: DistributionSpec, io: DistributionSpec, rng: np.random.Generator) -> Law:
        """Return the law of the file's distributions."""
        return cls(*(_shares_of_sample(given.distribution.draw(rng, _DRAWS)) for given in (cpu, io)))

    def without_cpu(self, measured: Histogram) -> Law:
        """Return the law whose time without CPU is all of the measured time."""
        return Law(self.cpu_s, shares(measured))

    def moved(self, measured: Histogram, modelled: Histogram, *, by_share: bool = True) -> Law:
        """Return a law with which modelled times become more like the measured ones: moved share by share, or all by
        the difference of the means.

        If the measured times are shorter than the modelled CPU time allows, all times are shortened by one factor.
        """
        wanted_s, had_s = shares(measured), shares(modelled)
        io_s = self.io_s + ((wanted_s - had_s) if by_share else wanted_s.mean() - had_s.mean())
        longest_s = io_s.mean() + _CUT_MAX * wanted_s.mean()
        if np.maximum(io_s, 0.0).mean() <= longest_s:
            return Law(self.cpu_s, np.maximum(io_s, 0.0))
        factor = wanted_s.mean() / had_s.mean()
        return Law(self.cpu_s * factor, self.io_s * factor)


def shares(times: Histogram) -> Shares:
    """Return the means of `VALUES` equal shares of the recorded times, sorted."""
    # At each of the edges between shares, the time is split: a bucket may belong to several shares.
    reached = np.concatenate(([0.0], np.cumsum(times.counts))) / times.count
    summed_s = np.concatenate(([0.0], np.cumsum(times.counts * times.buckets.middles_s))) / times.count
    return np.diff(np.interp(np.linspace(0.0, 1.0, VALUES + 1), reached, summed_s)) * VALUES


def law_spec(values_s: Sequence[float]) -> DistributionSpec:
    """Return the values as a section of a scenario file, which reads the same text as `law_yaml` gives."""
    texts = list(map(_time_text, values_s))
    return DistributionSpec.model_validate(texts[0] if len(set(texts)) == 1 else {"empirical": texts})


def law_yaml(values_s: Sequence[float]) -> str:
    """Return the values as YAML in one line."""
    texts = list(map(_time_text, values_s))
    return texts[0] if len(set(texts)) == 1 else f"{{empirical: [{', '.join(texts)}]}}"


def _time_text(seconds: float) -> str:
    return f"{float(f'{seconds * _MS:.4g}'):.10g}ms"


def _shares_of_sample(values_s: NDArray[np.float64]) -> Shares:
    ordered: Shares = np.sort(values_s).reshape(VALUES, -1).mean(axis=1)
    return ordered
