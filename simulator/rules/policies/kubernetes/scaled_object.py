"""KEDA's scaled object: KEDA switches its number of replicas between 0 and 1, and an HPA sets it from 1 to N.

It is active if there was activity within the cooldown; then it has at least one replica. The cooldown begins at the
last check that detected activity, so its resolution is the interval of the checks. Scale to zero is decided only at the
polls of KEDA's executor, strictly more than the cooldown after the last activity (policies 5, KEDA). Azure Container
Apps works in the same way.
"""

from __future__ import annotations

import math

from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.kubernetes.hpa_external import ExternalHpa
from simulator.rules.policies.metrics.silence import since_text
from simulator.rules.policies.port import Decision, Observation


class Activation:
    """The time of the last activity. For `initial_s` after the start, scaling to zero is not allowed."""

    __slots__ = ("_active_s", "_cooldown_s", "_initial_s", "_polls")

    def __init__(self, cooldown_s: float, initial_s: float = 0.0) -> None:
        self._cooldown_s = cooldown_s
        self._initial_s = initial_s
        self._active_s = -math.inf  # time of the last check with activity
        self._polls = True

    def check(self, now_s: float, *, active: bool, polls: bool = True) -> None:
        """Record a check of the trigger. `polls` is True at a poll of the executor; only a poll removes the last
        replica.
        """
        self._polls = polls
        if active:
            self._active_s = now_s

    def floor(self, now_s: float, present: int) -> tuple[int, str]:
        """Return the minimum number of replicas now, 0 or 1, and the reason. It is 1 until the cooldown is over."""
        idle_s = now_s - self._active_s
        if idle_s == 0:
            return 1, "there is activity"
        silence = since_text("activity", idle_s)
        if present and (idle_s <= self._cooldown_s or now_s < self._initial_s):
            return 1, f"{silence}, which is within the cooldown"
        if present and not self._polls:
            return 1, f"{silence}; zero is decided at the next poll"
        return 0, silence


class ScaledObject:
    """Keeps the number of replicas; the first one is the number of existing instances."""

    __slots__ = ("_hpa", "_replicas", "activation")

    def __init__(self, hpa: ExternalHpa, activation: Activation) -> None:
        self.activation = activation
        self._hpa = hpa
        self._replicas: int | None = None

    def present(self, observation: Observation) -> int:
        return observation.ready + observation.coming if self._replicas is None else self._replicas

    def decide(
        self,
        observation: Observation,
        *,
        sync: bool,
        total: float,
        target: float,
        inputs: tuple[tuple[str, float], ...],
    ) -> Decision:
        """Return the decision. If `sync` is True, a sync of the HPA is due; `total` is its metric, `target` the value
        per replica.
        """
        now_s, scaling, present = observation.now_s, observation.scaling, self.present(observation)
        wanted, formula, clamps = present, f"replicas = {present}", tuple[str, ...]()
        reason = "no sync of the HPA is due"
        if sync:
            self._hpa.reconcile(now_s, present)
        if sync and present:
            advice = self._hpa.sync(now_s, present, observation.ready, total, target)
            wanted, formula, clamps = advice.replicas, advice.formula, advice.clamps
            reason = f"the metric is {total:.4g}, the target is {target:g} per replica"
        if scaling.min_size == 0:
            least, why = self.activation.floor(now_s, present)
            if least == 0 or wanted == 0:
                wanted, reason = least, why
        desired, clamps = bounded(wanted, scaling, clamps)
        if sync and present:  # the HPA does not switch between 0 and 1, so its rate limits do not include that change
            self._hpa.moved(now_s, present, desired)
        self._replicas = desired
        return Decision(desired, formula, reason, (*inputs, ("target", target), ("replicas", present)), clamps)
