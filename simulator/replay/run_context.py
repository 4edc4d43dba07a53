"""A run in progress, for code that watches it or acts on it: the console."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.platform.platform import Platform
from simulator.replay.run_recorder import RunRecorder
from simulator.scenario.scenario import ScenarioSpec
from simulator.traffic.live_overrides import LiveOverrides
from simulator.world.clock import ClockKind

if TYPE_CHECKING:
    from simulator.replay.control import RunControl


@dataclass(frozen=True, slots=True)
class RunContext:
    """The objects of a run in progress. All of them belong to the run's loop: use them from there only."""

    scenario: ScenarioSpec
    clock: ClockKind
    platform: Platform
    recorder: RunRecorder
    overrides: LiveOverrides
    control: RunControl | None = None
