"""Sentences about what limits the use of an observation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from simulator.calibration.observation.observation import ServiceObservation
from simulator.calibration.observing.level_search import LevelSearch
from simulator.calibration.observing.machine import STEAL_SHARE
from simulator.calibration.observing.unloaded.run import PlayedUnloaded

RUNS_ALREADY: Final = (
    "The server ran already: no start and no wake was observed, and all levels had the same instance. CPU and memory "
    "are those of the process that listens on the port, with its descendants."
)
_BUSY_SHARE: Final = 0.5  # of the cores, by the load average before the observation
# Of all processors. With one of two processors busy, an instance of one vCPU still has its own.
_OTHERS_SHARE: Final = 0.25
_IDLE_SHARE: Final = 0.02  # of a CPU
_ALONE_MIN: Final = 30  # requests of a route; the standard error of its spread is then an eighth


def observation_notes(
    made: ServiceObservation, search: LevelSearch, unloaded: PlayedUnloaded | None = None, *, interrupted: bool
) -> ServiceObservation:
    """Return the observation with its notes."""
    notes = [*made.notes, *_notes(made, search, interrupted=interrupted)]
    if unloaded is not None:
        notes += _of_unloaded(made, unloaded)
    return replace(made, notes=tuple(notes))


def count_of(number: int, word: str) -> str:
    """Return `1 level`, `2 levels`."""
    return f"{number} {word}{'s' * (number != 1)}"


def _notes(made: ServiceObservation, search: LevelSearch, *, interrupted: bool) -> Iterator[str]:
    if interrupted:
        yield f"The observation was interrupted: it has {count_of(len(made.loads), 'level')}."
    if search.ends:
        yield f"No further level was played: {search.ends}."
    yield from _of_load(made, search)
    if made.is_virtual:
        return
    yield from _of_machine(made)
    if not made.limits.by:
        yield "No limits of CPU and memory were in force: the size of the instance was that of the machine."
    elif not made.limits.cpu_limited:
        yield "The CPU of the instance was not limited."


def _of_load(made: ServiceObservation, search: LevelSearch) -> Iterator[str]:
    late = made.late_stages
    if late:
        which = ", ".join(map(str, late))
        yield (
            f"The load client was late in level{'s' * (len(late) > 1)} {which}: the arrivals were not those intended, "
            "and latencies include the delay of the client."
        )
    if search.capacity_rps is None and made.loads:
        highest = max(stage.rate_rps for stage in made.loads)
        yield f"The service was not saturated: the highest rate was {highest:g}/s. Its capacity is unknown."
    for stage in made.loads:
        if stage.ended_by and not stage.ended_by.startswith(("saturated", "interrupted")):
            yield f"Level {stage.number} ended after {stage.duration_s:.1f} s: {stage.ended_by}."


def _of_unloaded(made: ServiceObservation, unloaded: PlayedUnloaded) -> Iterator[str]:
    requests = unloaded.requests
    if unloaded.crash:
        yield f"The instance ended while requests were sent one at a time: {unloaded.crash}."
    if unloaded.idle_share > _IDLE_SHARE:
        yield (
            f"The instance uses {unloaded.idle_share:.1%} of a CPU without requests; it is taken off the CPU times of "
            "the requests that were sent one at a time."
        )
    if len(requests) and np.isnan(requests.cpu_s).all():
        yield "The CPU time of single requests is unknown: here it is not counted, or in steps of 10 ms."
    few = [
        f"{route.name} ({int(np.sum(requests.served & (requests.route == number)))})"
        for number, route in enumerate(made.routes)
        if np.sum(requests.served & (requests.route == number)) < _ALONE_MIN
    ]
    if few:
        yield f"Few requests were sent alone, so the spread of their times is uncertain: {', '.join(few)}."


def _of_machine(made: ServiceObservation) -> Iterator[str]:
    machine = made.machine
    if not math.isnan(machine.load_before) and machine.load_before > _BUSY_SHARE * machine.cores:
        yield (
            f"The machine was busy before the observation: load average {machine.load_before:.1f} on {machine.cores} "
            "cores. Observe again when it is quiet."
        )
    disturbed = [stage.number for stage in made.loads if stage.others_share > _OTHERS_SHARE]
    if disturbed:
        highest = max(stage.others_share for stage in made.loads if stage.number in disturbed)
        which = f"level{'s' * (len(disturbed) > 1)} {', '.join(map(str, disturbed))}"
        yield (
            f"Other programs used up to {highest:.0%} of the machine's CPU in {which}: the instance may have had less "
            "than its size."
        )
    if not math.isnan(machine.steal_share) and machine.steal_share > STEAL_SHARE:
        yield f"The hypervisor gave {machine.steal_share:.0%} of the CPU time to other machines."
