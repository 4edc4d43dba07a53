"""The HPA with an external metric, as KEDA and Azure Container Apps use it.

They create an ordinary HPA with an external metric of type AverageValue (or Value) for 1 to N replicas, and switch
between 0 and 1 themselves. The HPA syncs periodically; between two syncs nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from simulator.rules.policies.kubernetes.hpa_behaviour import DOWN_LIMITS, UP, Direction, HpaBehaviour
from simulator.rules.policies.kubernetes.hpa_replicas import by_average_value, by_value

MetricType = Literal["average_value", "value"]

SYNC_S: Final = 15.0  # --horizontal-pod-autoscaler-sync-period (read)
TOLERANCE: Final = 0.1  # --horizontal-pod-autoscaler-tolerance (read)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The result of a sync. `clamps` name the limits that changed the raw result of `formula`."""

    replicas: int
    formula: str
    clamps: tuple[str, ...]


class ExternalHpa:
    """An HPA with one external metric."""

    def __init__(
        self,
        *,
        tolerance: float,
        down_stabilisation_s: float,
        up: Direction = UP,
        metric_type: MetricType = "average_value",
    ) -> None:
        self._tolerance = tolerance
        self._metric_type = metric_type
        self._behaviour = HpaBehaviour(up, Direction(down_stabilisation_s, DOWN_LIMITS))

    def reconcile(self, now_s: float, current: int) -> None:
        """Record a reconciliation with any number of replicas; `sync` follows if there is at least one."""
        self._behaviour.reconcile(now_s, current)

    def sync(self, now_s: float, current: int, ready: int, total: float, target: float) -> Recommendation:
        """Return the recommendation, at least 1 replica.

        `current` (at least 1) is the number of replicas of the scale target; `total` is the metric's value in the unit
        of `target`.
        """
        if self._metric_type == "value":
            wanted = by_value(total, target, ready, current, self._tolerance)
            formula = f"ceil({ready} x {total:.6g} / {target:g}) = {wanted}"
        else:
            wanted = by_average_value(total, target, current, self._tolerance)
            formula = f"ceil({total:.6g} / {target:g}) = {wanted}"
        replicas, clamps = self._behaviour.settle(now_s, current, max(1, wanted))
        return Recommendation(replicas, formula, clamps)

    def moved(self, now_s: float, before: int, after: int) -> None:
        """Record that this HPA changed its scale target, which counts against the rate limits."""
        self._behaviour.moved(now_s, before, after)
