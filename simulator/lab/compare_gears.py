"""Selects the backend of a run: the event loop, or the compiled one where it can play the run. Reports are equal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.lab.compare_run import Gear, Outcome, Task, play_task, play_virtual
from simulator.lab.fast_gear import does_not_pay, play_fast, why_not
from simulator.lab.gear_names import AUTO, COMPILED, EVENT_LOOP, GEAR_NAMES
from simulator.model.problems import one_of
from simulator.replay.report import RunRecord
from simulator.replay.scenario import ScenarioSpec


@dataclass(frozen=True, slots=True)
class GearKind:
    """A backend. `why_not` returns the reason why it cannot play a scenario.

    `does_not_pay` returns the reason why it is not worthwhile for this number of runs: it is prepared once for all of
    them.
    """

    name: str
    play: Gear
    why_not: Callable[[ScenarioSpec], str]
    does_not_pay: Callable[[ScenarioSpec, int], str]


# Fastest first; the last one plays every scenario.
GEARS: Final = (
    GearKind(COMPILED, play_fast, why_not, does_not_pay),
    GearKind(EVENT_LOOP, play_virtual, lambda _: "", lambda *_: ""),
)
assert (AUTO, *(kind.name for kind in GEARS)) == GEAR_NAMES


def kind_of(name: str, scenario: ScenarioSpec, runs: int = 1) -> GearKind:
    """Return the named backend. `auto` takes the fastest that can play the scenario and pays off in `runs` such runs.

    Raises:
        ValueError: for a backend that cannot play the scenario, and for an unknown name.
    """
    for kind in GEARS:
        if name not in {AUTO, kind.name}:
            continue
        why = kind.why_not(scenario)
        if name != AUTO:
            if why:
                msg = f"backend = {name}, must be another for this scenario: {why}"
                raise ValueError(msg)
            return kind
        if not why and not kind.does_not_pay(scenario, runs):
            return kind
    msg = f"backend = {name!r}, must be {one_of(name, GEAR_NAMES)}"
    raise ValueError(msg)


def gear_of(name: str, runs: int = 1) -> Gear:
    """Return a function that plays scenarios in the named backend; `auto` chooses for each, as for `runs` runs."""

    def play(scenario: ScenarioSpec) -> RunRecord:
        return kind_of(name, scenario, runs).play(scenario)

    return play


def played(task: Task) -> Outcome:
    """Play the task in its backend; a worker process calls this."""
    return play_task(task, gear_of(task.backend, task.runs))
