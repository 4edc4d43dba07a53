"""Arm of the contract tests for processes, on uvloop."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import uvloop

from simulator.fleet.http.backend import HttpService
from simulator.fleet.ports import Backend, InstanceSpec
from simulator.fleet.process.driver import ProcessDriver
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.process.settings import ProcessSettings
from simulator.fleet.process.throttling import Throttling
from tests.live.contract import PROGRAM, SIZE, STORAGE_BYTES, VARIABLE, Behaviour, Test
from tests.live.process_bench import assert_nothing_is_left, has_groups

_APPLICATION = ProcessApplication(("python", "-I", "-S", str(PROGRAM)))


class ProcessArm:
    """Implements `Arm`. Throttling is a setting of the driver, so each instance has its own driver."""

    runs_a_program = True

    def __init__(self, scratch: Path) -> None:
        self.limits_memory = has_groups()
        self.lines: list[tuple[str, str]] = []
        self._scratch = scratch
        self._drivers: list[ProcessDriver] = []

    async def launch(self, behaviour: Behaviour, throttling: Throttling = Throttling.NONE) -> Backend:
        settings = ProcessSettings(
            throttling=throttling, storage_bytes=STORAGE_BYTES, storage_interval_s=0.02, scratch=self._scratch
        )
        driver = ProcessDriver(_APPLICATION, HttpService, self._wrote, settings)
        self._drivers.append(driver)
        return await driver.launch(InstanceSpec("contract", 1, SIZE, {VARIABLE: behaviour.value}))

    async def close(self) -> None:
        for driver in self._drivers:
            await driver.close()

    def _wrote(self, _service: str, _number: int, stream: str, line: str) -> None:
        self.lines.append((stream, line))


def run(test: Test) -> None:
    """Run the test. It fails if a process, a folder or a control group is left behind."""
    with tempfile.TemporaryDirectory(prefix="contract-") as scratch:

        async def play() -> None:
            arm = ProcessArm(Path(scratch))
            try:
                await test(arm)
            finally:
                await arm.close()

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(play())
        assert_nothing_is_left(Path(scratch))
