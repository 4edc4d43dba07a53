"""How Knative takes the last instance away (policies 3.1, scaler.go `handleScaleToZero`).

A wish for zero is not carried out at once:

1. The revision must have been active for a stable window; until then one instance stays.
2. It is marked inactive and its requests are routed through the activator, so that the next one is held and not lost.
3. Then passes the larger of the grace period, less the time for which the activator was in the path already, and the
   last pod's retention. Only then the instance goes.

With the default target burst capacity of 211 the activator is in the path of a small service all the time, and zero
comes as soon as the stable window is empty, about 60 s after the last request; otherwise after 90 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# scaler.go: progress deadline (600 s) + 10 s. A revision that never became ready is given up after that.
ACTIVATION_TIMEOUT_S: Final = 610.0


@dataclass(frozen=True, slots=True)
class ZeroRules:
    """Times in seconds. `enabled` False: one instance always stays."""

    enabled: bool
    stable_window_s: float
    grace_s: float
    retention_s: float


class ScaleToZero:
    """Whether the revision is active, activating or inactive, and since when."""

    def __init__(self, rules: ZeroRules) -> None:
        self._rules = rules
        self._activating_since_s: float | None = None
        self._active_since_s: float | None = None
        self._inactive_since_s: float | None = None
        self._proxied_since_s: float | None = None

    def note(self, now_s: float, ready: int, wanted: bool, proxied: bool) -> None:
        """Take in the state at a decision. `proxied`: the activator is in the path for want of burst capacity."""
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
        """What a wish for zero amounts to now, and why when it is not zero. `present`: the wish carried out before."""
        rules = self._rules
        if not rules.enabled:
            return 1, "scale_to_zero is off"
        if self._activating_since_s is not None:
            if now_s - self._activating_since_s >= ACTIVATION_TIMEOUT_S:
                return 0, ""
            return max(1, present), "still activating"
        if self._active_since_s is not None:
            if now_s - self._active_since_s < rules.stable_window_s:
                return 1, f"it has been active for {now_s - self._active_since_s:g}s only"
            self._mark_inactive(now_s)
        elif self._inactive_since_s is None:
            return 0, ""  # it never ran
        wait_s = self._wait_s(now_s)
        return (0, "") if wait_s <= 0 else (max(1, present), f"{wait_s:g}s of grace are left before zero")

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
