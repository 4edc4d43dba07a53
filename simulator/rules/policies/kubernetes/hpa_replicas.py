"""The number of replicas for a metric: the arithmetic of Kubernetes' HPA v2, without limits (policies 3.2).

Follows pkg/controller/podautoscaler/replica_calculator.go of Kubernetes (00067268; read) and reproduces the vectors of
its unit tests exactly (`lab/validate/ground_truth/hpa_decision_vectors.json`). A metric within `tolerance` of its
target changes nothing. The comparison uses binary floating point, so a ratio of exactly 1.1 is *outside* a tolerance of
0.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pods:
    """Numbers of pods. `ready` pods have a value; `unready` pods have none that is used yet.

    `missing` pods run but have no value; they reduce any change.
    """

    ready: int
    unready: int = 0
    missing: int = 0


def by_pods(mean: float, target: float, pods: Pods, current: int, tolerance: float, full: float | None = None) -> int:
    """Return the replicas for a metric per pod. `mean` is over the ready pods, of which there must be at least one.

    If the metric requires fewer pods, a missing pod counts as `full` (None: the target; for CPU utilisation 100 %, or
    the target if that is larger). If it requires more pods, a missing pod counts as 0. An unready pod is left out, but
    counts as 0 if the metric requires more pods. If the adjusted result has the opposite direction or is within the
    tolerance, nothing changes.
    """
    assert pods.ready > 0
    ratio = mean / target
    rebalance = pods.unready > 0 and ratio > 1
    if not rebalance and not pods.missing:
        return current if abs(1 - ratio) <= tolerance else math.ceil(ratio * pods.ready)
    assumed = (target if full is None else max(full, target)) if ratio < 1 else 0.0
    counted = pods.ready + pods.missing + (pods.unready if rebalance else 0)
    adjusted = (mean * pods.ready + assumed * pods.missing) / (target * counted)
    if abs(1 - adjusted) <= tolerance or (ratio < 1 < adjusted) or (adjusted < 1 < ratio):
        return current
    replicas = math.ceil(adjusted * counted)
    turned = replicas > current if adjusted < 1 else replicas < current
    return current if turned else replicas


def by_average_value(total: float, target: float, current: int, tolerance: float) -> int:
    """Return the replicas for an external metric that is divided by the replicas (AverageValue), KEDA's usual type."""
    if current > 0 and abs(1 - total / (target * current)) <= tolerance:
        return current
    return math.ceil(total / target)


def by_value(value: float, target: float, ready: int, current: int, tolerance: float) -> int:
    """Return the replicas for an external metric that does not depend on their number (Value), such as an age."""
    ratio = value / target
    if current == 0:
        return math.ceil(ratio)
    return current if abs(1 - ratio) <= tolerance else math.ceil(ratio * ready)
