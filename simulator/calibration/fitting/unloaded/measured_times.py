"""The measured times of requests that were sent one at a time, as the model file has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from simulator.calibration.fitting.laws import Array
from simulator.calibration.fitting.unloaded.samples import unloaded_samples
from simulator.calibration.model.calibrated_model import UnloadedTimes
from simulator.calibration.observation.observation import ServiceObservation

_QUANTILES: Final = 50  # of each time: enough for a curve, and few beside the rest of the file


def unloaded_times(observations: Sequence[ServiceObservation]) -> Iterator[UnloadedTimes]:
    """Yield the times of each route; none if the observations have no such requests, or too few of a route."""
    samples = unloaded_samples(observations)
    if samples is None:
        return
    for route, times in zip(observations[0].routes, samples.routes, strict=True):
        yield UnloadedTimes(
            route=route.name,
            count=max(len(times.cpu_s), len(times.latency_s)),
            cpu_s=quantiles_of(times.cpu_s),
            rest_s=quantiles_of(times.rest_s) if len(times.cpu_s) else (),
        )


def quantiles_of(values: Array) -> tuple[float, ...]:
    """Return the quantiles of a sample with the shares of `UnloadedTimes`; a small sample as it is."""
    if not len(values):
        return ()
    count = min(len(values), _QUANTILES)
    shares = (np.arange(count) + 0.5) / count
    return tuple(float(f"{value:.4g}") for value in np.quantile(values, shares, method="hazen"))
