"""Requests of a run in the compiled backend that pass every ended request to a reader."""

from __future__ import annotations

from collections.abc import Callable

from simulator.lab.compiled.play import CompiledRequests
from simulator.platform.platform import Platform
from simulator.records.request_log import Chunk
from simulator.replay.run_recorder import RunRecorder
from simulator.traffic.traffic import Traffic


class CompiledMinutes(CompiledRequests):
    """Passes the rows to `reader`, which is set before the run."""

    reader: Callable[[Chunk], None]

    def start(self, platform: Platform, recorder: RunRecorder) -> Traffic:
        recorder.row_readers.append(self.reader)
        return super().start(platform, recorder)
