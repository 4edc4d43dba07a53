"""Scale to zero in Knative (policies 3.1, scaler.go `handleScaleToZero`).

A decision for zero is not carried out immediately:

1. The revision must have been active for a stable window; until then one instance stays.
2. It is marked inactive and its requests are routed through the activator, so that the next one is queued and not lost.
3. The last pod's retention must pass, and the grace period minus the time for which the activator was already in the
   path, whichever is longer. Then the last instance is removed.

With the default target burst capacity of 211 the activator is always in the path of a small service, and it scales to
zero as soon as the stable window is empty, about 60 s after the last request; otherwise after 90 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# scaler.go: progress deadline (600 s) + 10 s. A revision that has not become ready by then is scaled to zero.
ACTIVATION_TIMEOUT_S: Final = 610.0


@dataclass(frozen=True, slots=True)
class ZeroRules:
    """Settings; times in seconds. If `enabled` is False one instance always stays."""

    enabled: bool
    stable_window_s: float
    grace_s: float
    retention_s: float


class ScaleToZero:
    """The state of the revision (active, activating or inactive) and the time of its last change."""

    def __init__(self, rules: ZeroRules) -> None:
        self._rules = rules
        self._activating_since_s: float | None = None
        self._active_since_s: float | None = None
        self._inactive_since_s: float | None = None
        self._proxied_since_s: float | None = None

    def note(self, now_s: float, ready: int, wanted: bool, proxied: bool) -> None:
        """Record the state at a decision. `proxied`: the activator is in the path because burst capacity is missing."""
        if wanted:
            self._inactive_since_s = None
            if ready == 0:
                self._active_since_s = None
                if self._activating_since_s is None:
                    self._activating_since_s = now_s
        if ready > 0:
            self._activating_since_s = None
            if self._active_since_s is None and self._inactive_since_s is None:
                self._active_since_s = now_s
        if not (proxied or self._inactive_since_s is not None):
            self._proxied_since_s = None
        elif self._proxied_since_s is None:
            self._proxied_since_s = now_s

    def settle(self, now_s: float, present: int) -> tuple[int, str]:
        """Return how many instances are allowed now after a decision for zero, and the reason if that is not zero.

        `present` is the desired number before this decision.
        """
        rules = self._rules
        if not rules.enabled:
            return 1, "scale_to_zero is off"
        if self._activating_since_s is not None:
            if now_s - self._activating_since_s >= ACTIVATION_TIMEOUT_S:
                return 0, ""
            return max(1, present), "still activating"
        if self._active_since_s is not None:
            if now_s - self._active_since_s < rules.stable_window_s:
                return 1, f"it has been active for {now_s - self._active_since_s:g} s only"
            self._mark_inactive(now_s)
        elif self._inactive_since_s is None:
            return 0, ""  # the revision has never had a ready instance
        wait_s = self._wait_s(now_s)
        return (0, "") if wait_s <= 0 else (max(1, present), f"scale to zero waits another {wait_s:g} s")

    def _mark_inactive(self, now_s: float) -> None:
        self._active_since_s = None
        self._inactive_since_s = now_s
        if self._proxied_since_s is None:
            self._proxied_since_s = now_s

    def _wait_s(self, now_s: float) -> float:
        assert self._inactive_since_s is not None
        assert self._proxied_since_s is not None
        grace_left_s = self._rules.grace_s - (now_s - self._proxied_since_s)
        retention_left_s = self._rules.retention_s - (now_s - self._inactive_since_s)
        return max(grace_left_s, retention_left_s)
