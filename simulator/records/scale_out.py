"""How long it took until a wish for more instances was fulfilled. Reads the journal's decisions and the ready count.

The delay of a decision that raised the wish runs from the decision until at least as many instances as it wished for
are ready (idle or active). Each raise is measured against its own wish, so a second raise on the way neither shortens
nor prolongs the first. A raise taken back before it was fulfilled has no delay; one that the run's end cut short has a
delay of at least what passed.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass

from simulator.records.facts import Fact, ScalingDecided
from simulator.records.instance_time import Steps


@dataclass(frozen=True, slots=True)
class ScaleOut:
    """A raise of the wish. `delay_s` is a lower bound when it was not `fulfilled` by the end of the run."""

    decided: ScalingDecided
    delay_s: float
    fulfilled: bool


def scale_outs(service: str, facts: Iterable[Fact], ready: Steps, end_s: float) -> list[ScaleOut]:
    """All raises of `service` in order, without those taken back before they were fulfilled."""
    decisions = [fact for fact in facts if isinstance(fact, ScalingDecided) and fact.service == service]
    found = []
    for index, decision in enumerate(decisions):
        if decision.desired <= decision.before:
            continue
        lowered_s = _lowered_s(decision, decisions[index + 1 :])
        reached_s = _reached_s(ready, decision)
        if reached_s is not None and (lowered_s is None or reached_s <= lowered_s):
            found.append(ScaleOut(decision, reached_s - decision.at_s, fulfilled=True))
        elif lowered_s is None:
            found.append(ScaleOut(decision, max(0.0, end_s - decision.at_s), fulfilled=False))
    return found


def _lowered_s(decision: ScalingDecided, later: Iterable[ScalingDecided]) -> float | None:
    """When a later decision wished for fewer instances than this one did."""
    return next((other.at_s for other in later if other.desired < decision.desired), None)


def _reached_s(ready: Steps, decision: ScalingDecided) -> float | None:
    if ready.at(decision.at_s) >= decision.desired:
        return decision.at_s
    first = bisect.bisect_right(ready.times_s, decision.at_s)
    return next(
        (ready.times_s[index] for index in range(first, len(ready.counts)) if ready.counts[index] >= decision.desired),
        None,
    )
