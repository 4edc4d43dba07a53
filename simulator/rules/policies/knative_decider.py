"""The decision of Knative's pod autoscaler (KPA): two averages in, a number of instances out (policies 3.1).

Follows pkg/autoscaler/scaling/autoscaler.go of Knative Serving; its own unit tests' vectors hold here exactly
(`lab/ground_truth/kpa_decision_vectors.json`). Bounds and scaling to zero come after (`knative`, `knative_zero`).

Two modes. Stable: follow the average of the long window. Panic: entered when the short window asks for
`panic_threshold` times what is ready; the greater of both averages counts, and nothing is removed until a stable window
has passed without another such moment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simulator.rules.windows import WindowedMax

# autoscaler.go: the delay window has the tick interval as its granularity, whatever the tick is set to.
DELAY_GRANULARITY_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class DeciderSpec:
    """What a decision needs to know besides the averages.

    `target` is what one instance should carry, `total` what it can, both in the unit of the averages (requests in
    flight or requests/s). `target_burst_capacity` in the same unit: -1 = unlimited, 0 = none wanted. `reachable` is
    False for a revision that no route leads to any more: it may lose all instances at once.
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
    """`excess_burst_capacity`: places left beyond the burst to be kept free; negative = the activator must buffer."""

    desired: int
    excess_burst_capacity: int
    panicking: bool
    formula: str
    reason: str
    clamps: tuple[str, ...]


class Decider:
    """The state of one revision: since when it panics, and how far it got."""

    def __init__(self, spec: DeciderSpec, now_s: float, ready: int) -> None:
        """With more than one instance it starts in panic: a new autoscaler has no past that could justify removing."""
        self.spec = spec
        self.panic_since_s = now_s if ready > 1 else None
        self.max_panic = ready
        delay_s = spec.scale_down_delay_s
        self._delay = WindowedMax(delay_s, DELAY_GRANULARITY_S) if delay_s > 0 else None

    def update(self, spec: DeciderSpec) -> None:
        """Decide by `spec` from now on; the past stays. The scale-down delay cannot change (nor can Knative's)."""
        assert spec.scale_down_delay_s == self.spec.scale_down_delay_s
        self.spec = spec

    def scale(self, now_s: float, ready: int, stable: float, panic: float) -> Scale:
        """The decision for `ready` instances and the averages of the two windows, without bounds."""
        spec = self.spec
        by_stable = math.ceil(stable / spec.target)
        by_panic = math.ceil(panic / spec.target)
        clamps: list[str] = []
        wish = self._limit(by_stable, ready, clamps)
        self._note_panic(now_s, by_panic / max(1, ready))
        panicking = self.panic_since_s is not None
        if panicking:
            wish = self._wish_in_panic(max(wish, self._limit(by_panic, ready, [])), clamps)
            reason = f"panic: the short window asks for {by_panic} with {ready} ready; nothing is removed now"
        else:
            reason = f"stable: {stable:.4g} on average, {spec.target:.4g} wanted per instance"
        if self._delay is not None and spec.reachable:
            held = self._delay.record(now_s, wish)
            if held != wish:
                clamps.append(f"scale-down delay {spec.scale_down_delay_s:g}s: {held}")
                wish = held
        return Scale(
            desired=wish,
            excess_burst_capacity=self._excess_burst_capacity(ready, panic),
            panicking=panicking,
            formula=f"ceil({stable:.6g} / {spec.target:.6g}) = {by_stable}, "
            f"panic ceil({panic:.6g} / {spec.target:.6g}) = {by_panic}",
            reason=reason,
            clamps=tuple(clamps),
        )

    def _limit(self, want: int, ready: int, clamps: list[str]) -> int:
        """`want` within the rate limits, raised to the activation scale if anything is wanted at all."""
        spec = self.spec
        present = max(1, ready)
        # Ceiling and floor, so that even a rate of 1.1 can move one instance.
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

    def _wish_in_panic(self, wish: int, clamps: list[str]) -> int:
        if wish < self.max_panic:
            clamps.append(f"panic keeps {self.max_panic}")
        self.max_panic = max(self.max_panic, wish)
        return self.max_panic

    def _excess_burst_capacity(self, ready: int, panic: float) -> int:
        spec = self.spec
        if spec.target_burst_capacity == 0:
            return 0
        if spec.target_burst_capacity < 0:
            return -1
        return math.floor(ready * spec.total - spec.target_burst_capacity - panic)
