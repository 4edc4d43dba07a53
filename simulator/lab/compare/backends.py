"""Selects the backend of a run: the event loop, or the compiled backend where it supports the scenario.

Both give equal reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from simulator.lab.backend_names import AUTO, BACKEND_NAMES, COMPILED, EVENT_LOOP
from simulator.lab.compare.play_scenario import PlayScenario, play_virtual
from simulator.lab.compiled.compiled_backend import compiled_run, does_not_pay, play_compiled, why_not
from simulator.model.text.problems import one_of
from simulator.replay.runner import Run
from simulator.report.report import RunRecord
from simulator.scenario.scenario import ScenarioSpec

if TYPE_CHECKING:
    from simulator.lab.compare.run import Task, TaskOutcome


class BackendKind(NamedTuple):
    """A backend. `prepare` returns a run, whose journal can be read; `play` plays a scenario.

    `why_not` returns the reason why it cannot play a scenario; empty if it can. `does_not_pay` returns the reason why
    it would not be faster for this number of runs, over which its preparation is spread; empty if it would be.
    """

    name: str
    prepare: Callable[[ScenarioSpec], Run]
    play: PlayScenario
    why_not: Callable[[ScenarioSpec], str]
    does_not_pay: Callable[[ScenarioSpec, int], str]


# Fastest first. The last one plays every scenario.
BACKENDS: Final = (
    BackendKind(COMPILED, compiled_run, play_compiled, why_not, does_not_pay),
    BackendKind(EVENT_LOOP, Run, play_virtual, lambda _: "", lambda *_: ""),
)
assert (AUTO, *(kind.name for kind in BACKENDS)) == BACKEND_NAMES


def kind_of(name: str, scenario: ScenarioSpec, runs: int = 1) -> BackendKind:
    """Return the named backend. `auto` is the fastest that can play the scenario and pays off within `runs` runs of it.

    Raises:
        ValueError: for a backend that cannot play the scenario, or an unknown name.
    """
    for kind in BACKENDS:
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
    msg = f"backend = {name!r}, must be {one_of(name, BACKEND_NAMES)}"
    raise ValueError(msg)


def backend_of(name: str, runs: int = 1) -> PlayScenario:
    """Return a function that plays scenarios in the named backend; `auto` selects one per scenario, for `runs` runs."""

    def play(scenario: ScenarioSpec) -> RunRecord:
        return kind_of(name, scenario, runs).play(scenario)

    return play


def played(task: Task, scenario: ScenarioSpec) -> TaskOutcome:
    """Play the task on the scenario of its file, in its backend."""
    from simulator.lab.compare.run import play_task  # noqa: PLC0415 for comparisons, not for a single run

    return play_task(task, scenario, backend_of(task.backend, task.runs))


def played_of(scenarios: Mapping[str, ScenarioSpec], task: Task) -> TaskOutcome:
    """Play the task on the checked scenario of its file, one of `scenarios`. Called in a worker; no file is read."""
    return played(task, scenarios[task.file])
