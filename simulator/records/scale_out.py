"""The delay of scale-outs, computed from the journal's decisions and the number of ready instances.

The delay of a scale-out lasts from the decision that raised the desired number until at least that many instances are
ready (idle or active). Each scale-out is measured by its own desired number, so a second one during the delay does not
change the delay of the first. A scale-out that a later decision cancels before it is fulfilled has no delay. If it is
not fulfilled by the end of the run, the time until then is a lower bound of the delay.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import NamedTuple

from simulator.records.events import Event, ScalingDecided
from simulator.records.instance_time import StepFunction


class ScaleOut(NamedTuple):
    """An increase of the desired number. `delay_s` is a lower bound if it was not `fulfilled` by the end of the run."""

    decided: ScalingDecided
    delay_s: float
    fulfilled: bool


def scale_outs(service: str, events: Iterable[Event], ready: StepFunction, end_s: float) -> list[ScaleOut]:
    """Return all scale-outs of `service` in order, except those cancelled before they were fulfilled."""
    decisions = [event for event in events if isinstance(event, ScalingDecided) and event.service == service]
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


def cancelled_scale_outs(service: str, events: Iterable[Event], ready: StepFunction) -> list[ScaleOut]:
    """Return the scale-outs of `service` that a later decision cancelled; `delay_s` is the time until then."""
    decisions = [event for event in events if isinstance(event, ScalingDecided) and event.service == service]
    found = []
    for index, decision in enumerate(decisions):
        lowered_s = _lowered_s(decision, decisions[index + 1 :])
        if decision.desired <= decision.before or lowered_s is None:
            continue
        reached_s = _reached_s(ready, decision)
        if reached_s is None or reached_s > lowered_s:
            found.append(ScaleOut(decision, lowered_s - decision.at_s, fulfilled=False))
    return found


def _lowered_s(decision: ScalingDecided, later: Iterable[ScalingDecided]) -> float | None:
    """Return the time of the first later decision with a smaller desired number; None if there is none."""
    return next((other.at_s for other in later if other.desired < decision.desired), None)


def _reached_s(ready: StepFunction, decision: ScalingDecided) -> float | None:
    if ready.at(decision.at_s) >= decision.desired:
        return decision.at_s
    first = bisect.bisect_right(ready.times_s, decision.at_s)
    return next(
        (ready.times_s[index] for index in range(first, len(ready.counts)) if ready.counts[index] >= decision.desired),
        None,
    )
