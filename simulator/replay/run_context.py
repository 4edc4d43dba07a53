"""A run in progress, for code that watches it or acts on it, and the journal's events about the phases of a run.

`Run.journal` emits these events on the run's loop. A reader of `TrafficBegan` may act on the run while it is in
progress, as the console does, so a run with such a reader has a control plane and traffic that can be overridden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from simulator.platform.platform import Platform
from simulator.replay.run_recorder import RunRecorder
from simulator.report.report import RunRecord
from simulator.scenario.scenario import ScenarioSpec
from simulator.traffic.live_overrides import LiveOverrides
from simulator.world.clock import ClockKind

if TYPE_CHECKING:
    from simulator.replay.control import RunControl
    from simulator.telemetry.exporters import Exporters


class RunContext(NamedTuple):
    """The objects of a run in progress. All of them may be used only from the run's event loop."""

    scenario: ScenarioSpec
    clock: ClockKind
    platform: Platform
    recorder: RunRecorder
    overrides: LiveOverrides
    control: RunControl | None = None


class ExportsOpened(NamedTuple):
    """The exports are available, at the addresses of `exporters`."""

    exporters: Exporters


class PlatformOpened(NamedTuple):
    """The platform accepts requests. The run begins when all readers of this event have returned."""

    platform: Platform


class TrafficBegan(NamedTuple):
    """The traffic has begun."""

    context: RunContext


class RunEnded(NamedTuple):
    """The run has ended and its record is complete; the platform is still open."""

    record: RunRecord
