"""CPU time of a request from metrics: utilization times instances times vCPUs, by requests.

The CPU seconds of a minute are demand times requests, plus what each instance uses without requests. Both come from
weighted least squares, because the variance of the CPU seconds grows with the requests; their standard errors allow for
any other variance as well (White's estimator).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.lab.minutes.service_minutes import MINUTE_S, Floats, ServiceMinutes
from simulator.lab.quantiles import t_quantile

# Distance of the mean active instances of a minute from a whole number, in a minute in which none was added or removed.
_STEADY: Final = 0.02
MINUTES_MIN: Final = 20
# The busiest minute has at least this multiple of the requests of the quietest, or the two parts cannot be told apart.
_SPREAD_MIN: Final = 1.5
_CONFIDENCE: Final = 0.975


class NotEnough(Exception):
    """The metrics do not tell what a calibration needs; the message is a sentence."""


class CpuDemand(NamedTuple):
    """CPU time of a request with its 95 % interval, and the utilization of an instance without requests."""

    mean_s: float
    low_s: float
    high_s: float
    standard_error_s: float
    idle_share: float
    minutes: int


def instances_of(minutes: ServiceMinutes, min_size: int, max_size: int) -> Floats:
    """Return the provisioned instances of each minute.

    ASSUMPTION: those that are not active in a minute are not provisioned, beyond MinSize; App Runner publishes no count
    of provisioned instances (facts 11.2), the bill's provisioned time would settle it.

    Raises:
        NotEnough: without the metric ActiveInstances, unless the number never changes.
    """
    if min_size == max_size:
        return np.full(len(minutes), float(min_size))
    if np.isnan(minutes.active).all():
        msg = "ActiveInstances is missing: give its Average, or the number of instances if it never changes"
        raise NotEnough(msg)
    return np.maximum(minutes.active, float(min_size))


def steady(instances: Floats) -> NDArray[np.bool_]:
    """Return the minutes in which the number of instances is whole and the same as in the minutes beside them."""
    with np.errstate(invalid="ignore"):
        whole = np.abs(instances - np.round(instances)) < _STEADY
    number = np.where(whole, np.round(instances), np.nan)
    before, after = np.concatenate([number[:1], number[:-1]]), np.concatenate([number[1:], number[-1:]])
    same: NDArray[np.bool_] = (number == before) & (number == after)
    return same


def cpu_demand(minutes: ServiceMinutes, instances: Floats, vcpu: float) -> CpuDemand:
    """Return the CPU time of a request.

    Raises:
        NotEnough: for too few minutes, or a load that hardly varies.
    """
    used = steady(instances) & ~np.isnan(minutes.cpu)
    if used.sum() < MINUTES_MIN:
        msg = f"{used.sum()} minutes have a known CPU utilization and a steady number of instances"
        raise NotEnough(f"{msg}, {MINUTES_MIN} are needed")
    number = np.round(instances[used])
    requests, cpu_s = minutes.requests[used], minutes.cpu[used] * number * vcpu * MINUTE_S
    if requests.max(initial=0.0) <= 0 or requests.max() < _SPREAD_MIN * max(1.0, requests.min()):
        msg = f"the requests of a minute vary from {requests.min():g} to {requests.max():g} only, so the CPU time of a "
        raise NotEnough(msg + "request cannot be told from that of an idle instance")
    weights = 1 / np.sqrt(np.maximum(requests, 0.05 * np.median(requests) + 1))
    terms = np.column_stack([requests, number * vcpu * MINUTE_S])
    found, errors = _weighted(terms, cpu_s, weights)
    if found[1] < 0:
        (mean_s,), (error_s,) = _weighted(terms[:, :1], cpu_s, weights)
        found, errors = np.array([mean_s, 0.0]), np.array([error_s, 0.0])
    if found[0] <= 0:
        msg = "CPU utilization does not rise with the requests, so the CPU time of a request is unknown"
        raise NotEnough(msg)
    half_s = t_quantile(float(used.sum() - 2), _CONFIDENCE) * errors[0]
    mean_s = float(found[0])
    return CpuDemand(
        mean_s, max(0.0, mean_s - half_s), mean_s + half_s, float(errors[0]), float(found[1]), int(used.sum())
    )


def _weighted(terms: Floats, values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return coefficients and their standard errors."""
    scaled, wanted = terms * weights[:, None], values * weights
    inverse = np.linalg.pinv(scaled.T @ scaled)
    found = inverse @ scaled.T @ wanted
    residuals = wanted - scaled @ found
    count, columns = terms.shape
    meat = (scaled * residuals[:, None]).T @ (scaled * residuals[:, None]) * count / max(1, count - columns)
    return found, np.sqrt(np.maximum(0.0, np.diag(inverse @ meat @ inverse)))


def utilization_of(demand: CpuDemand, minutes: ServiceMinutes, instances: Floats, vcpu: float) -> Floats:
    """Return the utilization of the instances by the requests of each minute."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(minutes.requests * demand.mean_s / (instances * vcpu * MINUTE_S), dtype=np.float64)
