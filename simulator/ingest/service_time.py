"""The service time of an imported application as a distribution of a scenario file."""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

import numpy as np

from simulator.ingest.duration_histogram import DurationHistogram
from simulator.model.text.units import duration_text

UNKNOWN_TIME: Final = "100ms"
"""The service time of an application whose time is in none of the files, which every text calls a guess."""

# A log-normal distribution is short to read. It is used if it is near the recorded durations at all these shares.
_SHARES: Final = np.array([0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
_NORMAL: Final = np.array([NormalDist().inv_cdf(share) for share in _SHARES.tolist()])
_NEAR: Final = 0.1
# Otherwise the middle of each twentieth of the durations is listed, all equally likely.
_PARTS: Final = 20


def service_time(durations: DurationHistogram) -> tuple[str, str]:
    """Return the distribution as YAML, and a sentence about how well it represents the recorded durations."""
    recorded = durations.quantiles(_SHARES)
    median, p95 = float(recorded[2]), float(recorded[5])
    law = median * np.exp(np.log(p95 / median) * _NORMAL / _NORMAL[5]) if p95 > median > 0 else np.full(7, median)
    error = float(np.max(np.abs(law / np.maximum(recorded, 1e-6) - 1)))
    if p95 > median and error <= _NEAR:
        text = f"{{lognormal: {{median: {duration_text(median)}, p95: {duration_text(p95)}}}}}"
        return text, f"log-normal, within {error:.0%} of the recorded durations from the 10th to the 99th percentile"
    middles = durations.quantiles((np.arange(_PARTS) + 0.5) / _PARTS)
    listed = ", ".join(duration_text(float(seconds)) for seconds in middles)
    return (
        f"{{empirical: [{listed}]}}",
        f"the middle of each {1 / _PARTS:.0%} of the recorded durations, equally likely",
    )
