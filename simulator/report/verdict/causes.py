"""The rule of the verdict: from the evidence about a service to the cause of each rejected, failed or slow request.

The requests of a bin have the cause that was present in the bin. Where several were present, the one that comes first
in this order explains a rejection: a crash or a deployment that took instances away, a downstream resource without a
free connection, a deployed version that is slower, a scale-in whose instances were wanted back, instances on their way,
MaxSize, and last MaxConcurrency: too high if the CPUs were busy, so that the policy, which counts requests, added no
instance; else too low.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, assert_never

import numpy as np
from numpy.typing import NDArray

from simulator.records.request_log import ERROR_KINDS, ErrorKind
from simulator.report.verdict.evidence import ServiceEvidence
from simulator.report.verdict.part import CauseKind
from simulator.report.verdict.spans import Mask

Outcome = Literal["rejected", "failed", "slow"]

# Retries are a cause of their own from this share of a service's requests on.
RETRIED_MIN: Final = 0.1
# With busy CPUs, a bin is slow if its 95 % quantile exceeds the median of the fastest bin by this factor.
SLOW_FACTOR: Final = 10.0


class Attributed(NamedTuple):
    """The requests that a cause explains, by bin. `total` differs from their sum for causes without a time."""

    kind: CauseKind
    outcome: Outcome
    by_bin: NDArray[np.int64]
    total: int


def attributed(evidence: ServiceEvidence, slow_limit_s: float | None = None) -> list[Attributed]:
    """Return the causes, those of lost requests first, each with most requests first.

    `slow_limit_s`: a latency that a failed check allows; None without such a check.
    """
    lost = [*_rejections(evidence), *_failures(evidence)]
    merged: dict[tuple[CauseKind, Outcome], NDArray[np.int64]] = {}
    for kind, outcome, by_bin in lost:
        if by_bin.any():
            known = merged.get((kind, outcome))
            merged[kind, outcome] = by_bin if known is None else known + by_bin
    found = [Attributed(kind, outcome, by_bin, int(by_bin.sum())) for (kind, outcome), by_bin in merged.items()]
    found += _retries(evidence, found)
    found.sort(key=lambda cause: -cause.total)
    slow = [Attributed(kind, "slow", by_bin, int(by_bin.sum())) for kind, by_bin in _slow(evidence, slow_limit_s)]
    return [*found, *sorted((cause for cause in slow if cause.total), key=lambda cause: -cause.total)]


def _divided(
    requests: NDArray[np.int64], causes: list[tuple[CauseKind, Mask]], rest: CauseKind
) -> list[tuple[CauseKind, NDArray[np.int64]]]:
    """Assign the requests of each bin to the first cause that is present in it, else to `rest`."""
    found, left = [], requests
    for kind, present in causes:
        found.append((kind, np.where(present, left, 0)))
        left = np.where(present, 0, left)
    return [*found, (rest, left)]


def _rejections(evidence: ServiceEvidence) -> list[tuple[CauseKind, Outcome, NDArray[np.int64]]]:
    rejected = evidence.errors[ERROR_KINDS.index(ErrorKind.REJECTED)]
    overloaded, slower = _overloaded(evidence), _after_versions(evidence, slow=True)
    causes = [
        (CauseKind.CRASH, evidence.crashed),
        (CauseKind.DEPLOYMENT, evidence.deployed),
        (CauseKind.DOWNSTREAM, overloaded),
        (CauseKind.DEPLOYMENT, slower),
        (CauseKind.SCALE_IN, evidence.returning),
        (CauseKind.START_LAG, evidence.starting | evidence.unavailable),
        (CauseKind.DOWNSTREAM, _pooled(evidence)),  # more instances have more pools
        (CauseKind.MAX_SIZE, evidence.at_max),
        (CauseKind.START_LAG, evidence.pending),
        (CauseKind.MAX_CONCURRENCY_HIGH, evidence.saturated),
    ]
    divided = _divided(rejected, causes, CauseKind.MAX_CONCURRENCY_LOW)
    return [(kind, "rejected", by_bin) for kind, by_bin in divided]


def _failures(evidence: ServiceEvidence) -> list[tuple[CauseKind, Outcome, NDArray[np.int64]]]:
    overloaded = _overloaded(evidence)
    found: list[tuple[CauseKind, NDArray[np.int64]]] = []
    downstream_left = evidence.downstream_errors
    for kind, requests in zip(ERROR_KINDS, evidence.errors, strict=True):
        match kind:
            case ErrorKind.REJECTED:
                continue
            case ErrorKind.INTERNAL:
                by_downstream = np.minimum(requests, downstream_left)
                found.append((CauseKind.DOWNSTREAM, by_downstream))
                causes = [(CauseKind.DEPLOYMENT, _after_versions(evidence, slow=False))]
                found += _divided(requests - by_downstream, causes, CauseKind.APPLICATION)
            case ErrorKind.GATEWAY_TIMEOUT | ErrorKind.CLIENT_CLOSED:
                causes = [
                    (CauseKind.DOWNSTREAM, overloaded | _pooled(evidence)),
                    (CauseKind.DEPLOYMENT, _after_versions(evidence, slow=True)),
                    (CauseKind.MAX_CONCURRENCY_HIGH, evidence.saturated & ~evidence.at_max),
                    (CauseKind.THROTTLED_CPU, evidence.saturated),
                    (CauseKind.NETWORK_FAULT, evidence.disturbed),
                ]
                found += _divided(requests, causes, CauseKind.TIME_OUT)
            case ErrorKind.UNAVAILABLE | ErrorKind.NO_ANSWER | ErrorKind.BAD_GATEWAY | ErrorKind.OTHER:
                causes = [
                    (CauseKind.NETWORK_FAULT, evidence.disturbed),
                    (CauseKind.CRASH, evidence.failing | (evidence.crashed & evidence.unavailable)),
                    (CauseKind.START_LAG, evidence.unavailable),
                ]
                found += _divided(requests, causes, CauseKind.APPLICATION)
            case _:
                assert_never(kind)
    return [(kind, "failed", by_bin) for kind, by_bin in found]


def _retries(evidence: ServiceEvidence, found: list[Attributed]) -> list[Attributed]:
    """Return the cause of retries, which add to the load that other causes reject."""
    stats = evidence.run.stats
    if not found or stats.retried < RETRIED_MIN * stats.requests:
        return []
    most = max(found, key=lambda cause: cause.total)
    return [Attributed(CauseKind.RETRIES, most.outcome, most.by_bin, min(stats.retried, most.total))]


def _slow(evidence: ServiceEvidence, limit_s: float | None) -> list[tuple[CauseKind, NDArray[np.int64]]]:
    requests = evidence.run.requests
    with np.errstate(invalid="ignore"):
        p95_s = requests.p95_s
        slow = np.zeros(len(p95_s), dtype=np.bool_) if limit_s is None else p95_s > limit_s
        known = requests.p50_s[evidence.measured & ~np.isnan(requests.p50_s)]
        if known.size:
            slow = slow | (evidence.saturated & (p95_s > SLOW_FACTOR * known.min()))
    served = np.where(slow & evidence.measured, requests.served, 0)
    if not served.any():
        return []
    causes = [
        (CauseKind.DOWNSTREAM, _overloaded(evidence) | _pooled(evidence)),
        (CauseKind.CRASH, evidence.crashed),
        (CauseKind.DEPLOYMENT, _after_versions(evidence, slow=True)),
        (CauseKind.MAX_CONCURRENCY_HIGH, evidence.saturated & ~evidence.at_max),
        (CauseKind.THROTTLED_CPU, evidence.saturated),
        (CauseKind.START_LAG, evidence.starting),
        (CauseKind.NETWORK_FAULT, evidence.disturbed),
    ]
    return _divided(served, causes, CauseKind.APPLICATION)


def _after_versions(evidence: ServiceEvidence, *, slow: bool) -> Mask:
    """Return True for bins in which a deployed version served that is slower, or fails more often, than before."""
    found = np.zeros(len(evidence.measured), dtype=np.bool_)
    for version in evidence.versions:
        if version.median_s if slow else version.failed_share:
            found |= version.after
    return found


def _overloaded(evidence: ServiceEvidence) -> Mask:
    """Return True for bins in which a downstream resource had no free connection, or was slowed down by its calls."""
    return _any([*evidence.connections_used_up.values(), *evidence.calls_slowed.values()], evidence)


def _pooled(evidence: ServiceEvidence) -> Mask:
    """Return True for bins in which calls waited for a connection of their instance's pool."""
    return _any(list(evidence.pools_used_up.values()), evidence)


def _any(masks: list[Mask], evidence: ServiceEvidence) -> Mask:
    found = np.zeros(len(evidence.measured), dtype=np.bool_)
    for mask in masks:
        found |= mask
    return found
