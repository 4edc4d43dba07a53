"""A run that goes on, for whoever watches it or acts on it: the console."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.assembly import Platform
from simulator.replay.bookkeeping import Books
from simulator.replay.control import RunControl
from simulator.replay.knobs import Knobs
from simulator.replay.scenario import Scenario
from simulator.world.clock import ClockKind


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything of it belongs to the run's loop: look and act from there only."""

    scenario: Scenario
    clock: ClockKind
    platform: Platform
    books: Books
    knobs: Knobs
    control: RunControl | None = None
