"""The delay of scale-outs, computed from the journal's decisions and the number of ready instances.

The delay of a scale-out lasts from the decision that raised the desired number until at least that many instances are
ready (idle or active). Each scale-out is measured by its own desired number, so a second one during the delay does not
change the delay of the first. A scale-out that a later decision cancels before it is fulfilled has no delay. If it is
not fulfilled by the end of the run, the time until then is a lower bound of the delay.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
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
    found = []
    for decision, reached_s, cancelled_s in _increases(service, events, ready):
        if cancelled_s is None:
            delay_s = max(0.0, (end_s if reached_s is None else reached_s) - decision.at_s)
            found.append(ScaleOut(decision, delay_s, fulfilled=reached_s is not None))
    return found


def cancelled_scale_outs(service: str, events: Iterable[Event], ready: StepFunction) -> list[ScaleOut]:
    """Return the scale-outs of `service` that a later decision cancelled; `delay_s` is the time until then."""
    return [
        ScaleOut(decision, cancelled_s - decision.at_s, fulfilled=False)
        for decision, _, cancelled_s in _increases(service, events, ready)
        if cancelled_s is not None
    ]


def _increases(
    service: str, events: Iterable[Event], ready: StepFunction
) -> Iterator[tuple[ScalingDecided, float | None, float | None]]:
    """Yield each increase with the time at which it was fulfilled, and that at which it was cancelled before; None for
    what did not happen.
    """
    decisions = [event for event in events if isinstance(event, ScalingDecided) and event.service == service]
    for index, decision in enumerate(decisions):
        if decision.desired <= decision.before:
            continue
        lowered_s = _lowered_s(decision, decisions[index + 1 :])
        reached_s = _reached_s(ready, decision)
        is_cancelled = lowered_s is not None and (reached_s is None or reached_s > lowered_s)
        yield decision, reached_s, lowered_s if is_cancelled else None


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
