"""A run in progress, for code that watches it or acts on it: the console."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.assembly import Platform
from simulator.replay.bookkeeping import Books
from simulator.replay.knobs import Knobs
from simulator.replay.scenario import Scenario
from simulator.world.clock import ClockKind

if TYPE_CHECKING:
    from simulator.replay.control import RunControl


@dataclass(frozen=True, slots=True)
class Stage:
    """The objects of a run in progress. All of them belong to the run's loop: use them from there only."""

    scenario: Scenario
    clock: ClockKind
    platform: Platform
    books: Books
    knobs: Knobs
    control: RunControl | None = None
