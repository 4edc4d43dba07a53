"""A thinned history of a policy's decisions.

It includes decisions that change nothing, which also have inputs and formulas.

The last decision of each time step is kept. The step doubles when there are too many decisions, so a month takes as
much memory as an hour.
"""

from __future__ import annotations

from typing import Final

from simulator.rules.policies.port import Decision

KEPT_MAX: Final = 360


class EvaluationLog:
    """The decisions of one service in order of time."""

    def __init__(self) -> None:
        self.kept: list[tuple[float, Decision]] = []
        self._step_s = 1.0

    def note(self, at_s: float, decision: Decision) -> None:
        kept = self.kept
        if kept and int(kept[-1][0] / self._step_s) == int(at_s / self._step_s):
            kept[-1] = (at_s, decision)
            return
        kept.append((at_s, decision))
        if len(kept) > KEPT_MAX:
            self._step_s *= 2
            last = {int(at_s / self._step_s): (at_s, decision) for at_s, decision in kept}
            self.kept = list(last.values())
