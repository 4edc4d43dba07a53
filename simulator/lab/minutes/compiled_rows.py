"""Requests of a run in the compiled backend that pass every ended request to a reader."""

from __future__ import annotations

from collections.abc import Callable

from simulator.lab.compiled.play import CompiledRequests
from simulator.platform.platform import Platform
from simulator.records.request_log import Chunk
from simulator.replay.run_recorder import RunRecorder
from simulator.scenario.scenario import ScenarioSpec
from simulator.traffic.traffic import Traffic


class CompiledRows(CompiledRequests):
    """Passes the rows of ended requests to `read`."""

    def __init__(self, scenario: ScenarioSpec, read: Callable[[Chunk], None]) -> None:
        super().__init__(scenario)
        self._read = read

    def start(self, platform: Platform, recorder: RunRecorder) -> Traffic:
        recorder.row_readers.append(self._read)
        return super().start(platform, recorder)
