"""What a policy said each time it was asked, thinned: a decision that changes nothing has inputs and a formula too.

The last verdict of each step of time is kept; steps double when there are too many: a month takes as much as an hour.
"""

from __future__ import annotations

from typing import Final

from simulator.rules.policies.port import Decision

KEPT_MAX: Final = 360


class Verdicts:
    """Of one service, in order of time."""

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
