"""The schedule of an Open Model Thread Group: rates, arrivals at random or at equal intervals, and pauses.

Source: Apache JMeter's user manual, "Open Model Thread Group": `rate(10/min) random_arrivals(5 min) rate(1/sec)`. The
rate changes linearly between the rates before and behind an interval; without one behind it, it stays.
"""

from __future__ import annotations

import re
from typing import Final

from simulator.ingest.load.jmeter.document import Element, TestPlan
from simulator.ingest.load.jmeter.groups import GroupShape
from simulator.ingest.load.plan import seconds_text
from simulator.model.text.units import parse_duration, parse_rate

_COMMENT: Final = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_WORD: Final = re.compile(r"\s*(rate|random_arrivals|even_arrivals|pause)\s*\(([^()]*)\)")
_KNOWN: Final = "rate(N/min), random_arrivals(TIME), even_arrivals(TIME) or pause(TIME)"


def open_model_shapes(plan: TestPlan, element: Element) -> list[GroupShape]:
    """Return a source for each interval with arrivals.

    Raises:
        ScenarioError: if the schedule has a word that cannot be read, such as a call of a script.
    """
    schedule = _COMMENT.sub(" ", plan.text(element, "OpenModelThreadGroup.schedule")).strip()
    steps = _steps(plan, element, schedule)
    shapes, at_s, rate_rps = [], 0.0, 0.0
    for number, (word, value) in enumerate(steps):
        if word == "rate":
            rate_rps = value
            continue
        follows = steps[number + 1] if number + 1 < len(steps) else ("", 0.0)
        end_rps = follows[1] if follows[0] == "rate" else rate_rps
        if word != "pause":
            spacing = "poisson" if word == "random_arrivals" else "clock"
            stage = f"{{duration: {seconds_text(value)}, target: {end_rps:.9g}/s}}"
            shape = f"stages: {{start: {rate_rps:.9g}/s, spacing: {spacing}, stages: [{stage}]}}"
            shapes.append(GroupShape(shape, at_s, at_s + value, is_closed=False))
        at_s += value
    return shapes


def _steps(plan: TestPlan, element: Element, schedule: str) -> list[tuple[str, float]]:
    steps, at = [], 0
    while at < len(schedule):
        found = _WORD.match(schedule, at)
        try:
            if found is None:
                raise ValueError  # noqa: TRY301 one report for both
            word, value = found[1], found[2].strip()
            steps.append((word, parse_rate(value) if word == "rate" else parse_duration(value)))
        except ValueError:
            place = f"{element.name}: schedule"
            raise plan.file.problem(element.line, place, schedule[at : at + 40], _KNOWN) from None
        at = found.end()
    return steps
