"""Which gear plays a run of a comparison: the virtual loop, or a faster one where the scenario allows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.lab.compare_run import Gear, Outcome, Task, play_task, play_virtual
from simulator.replay.report import RunRecord
from simulator.replay.scenario import Scenario

AUTO: Final = "auto"
VIRTUAL: Final = "virtual"


@dataclass(frozen=True, slots=True)
class GearKind:
    """A way to play a run. `why_not` tells why it cannot play a scenario; empty when it can."""

    name: str
    play: Gear
    why_not: Callable[[Scenario], str]


# Fastest first; the last one plays everything.
GEARS: Final = (GearKind(VIRTUAL, play_virtual, lambda _: ""),)
GEAR_NAMES: Final = (AUTO, *(kind.name for kind in GEARS))


def gear_of(name: str) -> Gear:
    """`auto` takes the fastest gear that can play each scenario; another raises ValueError where it cannot."""

    def play(scenario: Scenario) -> RunRecord:
        for kind in GEARS:
            if name not in {AUTO, kind.name}:
                continue
            why_not = kind.why_not(scenario)
            if not why_not:
                return kind.play(scenario)
            if name != AUTO:
                msg = f"gear = {name}, must be another for this scenario: {why_not}"
                raise ValueError(msg)
        msg = f"gear = {name!r}, must be one of {', '.join(GEAR_NAMES)}"
        raise ValueError(msg)

    return play


def played(task: Task) -> Outcome:
    """The task with its gear: what a worker process is handed."""
    return play_task(task, gear_of(task.gear))
