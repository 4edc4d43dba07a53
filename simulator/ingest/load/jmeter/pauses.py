"""Pauses of JMeter's timers: the sum of those in force before a request, as a distribution of a scenario."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from simulator.ingest.load.jmeter.document import Element, TestPlan
from simulator.ingest.load.plan import seconds_text


class Pause(NamedTuple):
    """A pause: at least `low_s`, and a random part with a mean and a standard deviation.

    `is_uniform`: the random part is uniform from 0 to twice its mean.
    """

    low_s: float
    mean_s: float = 0.0
    sd_s: float = 0.0
    is_uniform: bool = True


def pause_of(plan: TestPlan, element: Element) -> Pause | None:
    """Return the pause of a timer; None for another element."""
    low_s = plan.number(element, "ConstantTimer.delay", 0) / 1000 if "Timer" in element.kind else 0.0
    if element.kind == "ConstantTimer":
        return Pause(low_s)
    width_s = plan.number(element, "RandomTimer.range", 0) / 1000 if "RandomTimer" in element.kind else 0.0
    if element.kind == "UniformRandomTimer":
        return Pause(low_s, width_s / 2, width_s / math.sqrt(12))
    if element.kind == "GaussianRandomTimer":  # the absolute value of a normal deviate around the delay
        mean_s = _folded_mean(low_s, width_s)
        return Pause(0.0, mean_s, math.sqrt(max(0.0, low_s**2 + width_s**2 - mean_s**2)), is_uniform=False)
    if element.kind == "PoissonRandomTimer":
        return Pause(low_s, width_s, math.sqrt(width_s / 1000), is_uniform=False)
    return None


def _folded_mean(mean: float, sd: float) -> float:
    """Return the mean of the absolute value of a normal deviate."""
    if not sd:
        return mean
    return sd * math.sqrt(2 / math.pi) * math.exp(-((mean / sd) ** 2) / 2) + mean * math.erf(mean / sd / math.sqrt(2))


def summed(pauses: Sequence[Pause]) -> Pause:
    """Return the sum of independent pauses."""
    random = [each for each in pauses if each.mean_s]
    return Pause(
        sum(each.low_s for each in pauses),
        sum(each.mean_s for each in random),
        math.sqrt(sum(each.sd_s**2 for each in random)),
        is_uniform=len(random) <= 1 and all(each.is_uniform for each in random),
    )


def mean_s(pause: Pause) -> float:
    return pause.low_s + pause.mean_s


def think_text(pause: Pause) -> str:
    """Return the distribution as YAML; empty for no pause."""
    if not pause.mean_s:
        return seconds_text(pause.low_s) if pause.low_s else ""
    if pause.is_uniform:
        low, high = seconds_text(pause.low_s), seconds_text(pause.low_s + 2 * pause.mean_s)
        return f"{{uniform: {{low: {low}, high: {high}}}}}"
    return f"{{gamma: {{mean: {seconds_text(mean_s(pause))}, sd: {seconds_text(max(pause.sd_s, 1e-6))}}}}}"
