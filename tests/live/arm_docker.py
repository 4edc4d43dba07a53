"""Arm of the contract tests for containers, on uvloop. A test fails if it leaves a container or network behind."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess

import uvloop

from simulator.fleet.docker.config import DockerApplication, DockerSettings
from simulator.fleet.docker.driver import DockerDriver
from simulator.fleet.docker.labels import OWNER
from simulator.fleet.http.backend import HttpService
from simulator.fleet.ports import Backend, InstanceSpec
from simulator.fleet.process.confinement.sweep import owner_name
from simulator.fleet.process.throttling import Throttling
from tests.live.contract import SIZE, STORAGE_BYTES, VARIABLE, Behaviour, Test
from tests.live.docker_images import python_image


class DockerArm:
    """Implements `Arm`. Throttling is a setting of the driver, so each instance has its own driver."""

    runs_a_program = True
    limits_memory = True

    def __init__(self, image: str) -> None:
        self.lines: list[tuple[str, str]] = []
        self._image = image
        told = subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=True).stdout
        self._image_bytes = int(json.loads(told)[0]["Size"])
        self._drivers: list[DockerDriver] = []

    async def launch(self, behaviour: Behaviour, throttling: Throttling = Throttling.NONE) -> Backend:
        settings = DockerSettings(
            throttling=throttling, storage_bytes=self._image_bytes + STORAGE_BYTES, storage_interval_s=0.05
        )
        driver = DockerDriver(DockerApplication(self._image), HttpService, self._wrote, settings)
        self._drivers.append(driver)
        return await driver.launch(InstanceSpec("contract", 1, SIZE, {VARIABLE: behaviour.value}))

    async def close(self) -> None:
        for driver in self._drivers:
            await driver.close()

    def _wrote(self, _service: str, _number: int, stream: str, line: str) -> None:
        self.lines.append((stream, line))


def left_behind(pid: int | None = None) -> str:
    """Return the containers and networks that the engine has of the simulator with this PID (default: this process).

    A simulator that has ended is identified by its PID alone. Objects of other processes, which may run tests at the
    same time, are not returned.
    """
    begin = owner_name(os.getpid()) if pid is None else f"-{pid}-"
    show = f'{{{{.ID}}}} {{{{.Label "{OWNER}"}}}}'
    ask = ["--filter", f"label={OWNER}", "--format", show]
    containers = subprocess.run(["docker", "ps", "--all", *ask], capture_output=True, text=True, check=True).stdout
    networks = subprocess.run(["docker", "network", "ls", *ask], capture_output=True, text=True, check=True).stdout
    return "".join(line for line in (containers + networks).splitlines(keepends=True) if begin in line)


def run(test: Test) -> None:
    image = python_image()

    async def play() -> None:
        arm = DockerArm(image)
        try:
            await test(arm)
        finally:
            await arm.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(play())
    assert left_behind() == ""
