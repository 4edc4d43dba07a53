"""The decision of Knative's pod autoscaler (KPA): from two averages to a number of instances (policies 3.1).

Follows pkg/autoscaler/scaling/autoscaler.go of Knative Serving and reproduces the vectors of its unit tests exactly
(`lab/validate/ground_truth/kpa_decision_vectors.json`). Bounds and scaling to zero follow (`knative`, `knative_zero`).

There are two modes. Stable mode follows the average of the long window. Panic mode begins when the short window
requires `panic_threshold` times the ready instances. In panic mode the larger of both averages counts, and no instance
is removed until the condition has not been met for a whole stable window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simulator.rules.windows import WindowedMax

# autoscaler.go: the granularity of the delay window is the default tick interval, whatever the tick is set to.
DELAY_GRANULARITY_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class DeciderSpec:
    """The settings of a decision.

    `target` is the desired load of one instance, `total` its capacity, both in the unit of the averages (requests in
    flight or requests/s). `target_burst_capacity` is in the same unit: -1 = unlimited, 0 = none. `reachable` is False
    for a revision without a route: it may lose all instances at once.
    """

    target: float
    total: float
    target_burst_capacity: float
    max_scale_up_rate: float
    max_scale_down_rate: float
    panic_threshold: float
    stable_window_s: float
    reachable: bool = True
    activation_scale: int = 1
    scale_down_delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Scale:
    """The result of a decision.

    `excess_burst_capacity`: free slots in excess of the target burst capacity; if negative, the activator must buffer.
    """

    desired: int
    excess_burst_capacity: int
    panicking: bool
    formula: str
    reason: str
    clamps: tuple[str, ...]


class Decider:
    """The state of one revision: when its panic mode began, and the greatest number of instances required
    since then.
    """

    def __init__(self, spec: DeciderSpec, now_s: float, ready: int) -> None:
        """Start in panic mode if there is more than one instance: without history nothing may be removed."""
        self.spec = spec
        self.panic_since_s = now_s if ready > 1 else None
        self.max_panic = ready
        delay_s = spec.scale_down_delay_s
        self._delay = WindowedMax(delay_s, DELAY_GRANULARITY_S) if delay_s > 0 else None

    def update(self, spec: DeciderSpec) -> None:
        """Use `spec` from now on and keep the history. The scale-down delay cannot change (as in Knative)."""
        assert spec.scale_down_delay_s == self.spec.scale_down_delay_s
        self.spec = spec

    def scale(self, now_s: float, ready: int, stable: float, panic: float) -> Scale:
        """Decide from the number of `ready` instances and the averages of the two windows, without bounds."""
        spec = self.spec
        by_stable = math.ceil(stable / spec.target)
        by_panic = math.ceil(panic / spec.target)
        clamps: list[str] = []
        desired = self._limit(by_stable, ready, clamps)
        self._note_panic(now_s, by_panic / max(1, ready))
        panicking = self.panic_since_s is not None
        if panicking:
            desired = self._desired_in_panic(max(desired, self._limit(by_panic, ready, [])), clamps)
            reason = f"panic: the short window requires {by_panic} with {ready} ready; no instance is removed now"
        else:
            reason = f"stable: {stable:.4g} on average, target {spec.target:.4g} per instance"
        if self._delay is not None and spec.reachable:
            held = self._delay.record(now_s, desired)
            if held != desired:
                clamps.append(f"scale-down delay {spec.scale_down_delay_s:g} s: {held}")
                desired = held
        return Scale(
            desired=desired,
            excess_burst_capacity=self._excess_burst_capacity(ready, panic),
            panicking=panicking,
            formula=f"ceil({stable:.6g} / {spec.target:.6g}) = {by_stable}, "
            f"panic ceil({panic:.6g} / {spec.target:.6g}) = {by_panic}",
            reason=reason,
            clamps=tuple(clamps),
        )

    def _limit(self, want: int, ready: int, clamps: list[str]) -> int:
        """Clamp `want` to the rate limits, and raise it to the activation scale if it is not 0."""
        spec = self.spec
        present = max(1, ready)
        # Rounded up and down, so that even a rate of 1.1 can change the number by one instance.
        most = math.ceil(spec.max_scale_up_rate * present)
        least = math.floor(present / spec.max_scale_down_rate) if spec.reachable else 0
        limited = want
        if want > most:
            limited = most
            clamps.append(f"max_scale_up_rate: {most}")
        elif want < least:
            limited = least
            clamps.append(f"max_scale_down_rate: {least}")
        if want > 0 and limited < spec.activation_scale and spec.activation_scale > 1:
            limited = spec.activation_scale
            clamps.append(f"activation_scale = {limited}")
        return limited

    def _note_panic(self, now_s: float, ratio: float) -> None:
        if ratio >= self.spec.panic_threshold:
            self.panic_since_s = now_s
        elif self.panic_since_s is not None and now_s > self.panic_since_s + self.spec.stable_window_s:
            self.panic_since_s = None
            self.max_panic = 0

    def _desired_in_panic(self, desired: int, clamps: list[str]) -> int:
        if desired < self.max_panic:
            clamps.append(f"panic keeps {self.max_panic}")
        self.max_panic = max(self.max_panic, desired)
        return self.max_panic

    def _excess_burst_capacity(self, ready: int, panic: float) -> int:
        spec = self.spec
        if spec.target_burst_capacity == 0:
            return 0
        if spec.target_burst_capacity < 0:
            return -1
        return math.floor(ready * spec.total - spec.target_burst_capacity - panic)
