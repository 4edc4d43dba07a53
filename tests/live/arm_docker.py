"""The contract's container arm, on uvloop. Fails when a container or network is left behind."""

from __future__ import annotations

import asyncio
import json
import subprocess

import uvloop

from simulator.fleet.docker import DockerApplication, DockerDriver, DockerSettings
from simulator.fleet.docker_labels import OWNER
from simulator.fleet.driver import Backend, InstanceSpec
from simulator.fleet.http_backend import HttpService
from simulator.fleet.process import Throttling
from tests.live.contract import SIZE, STORAGE_BYTES, VARIABLE, Behaviour, Request, Test
from tests.live.docker_images import python_image


class DockerArm:
    """Implements `Arm`. A driver for each instance, as throttling is a driver's setting."""

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

    def begin(self, backend: Backend, request: Request) -> None:
        backend.begin(request)

    async def close(self) -> None:
        for driver in self._drivers:
            await driver.close()

    def _wrote(self, _service: str, _number: int, stream: str, line: str) -> None:
        self.lines.append((stream, line))


def left_behind() -> str:
    """Containers and networks of ours that the engine still has, whoever made them."""
    ask = ["--all", "--quiet", "--filter", f"label={OWNER}"]
    containers = subprocess.run(["docker", "ps", *ask], capture_output=True, text=True, check=True).stdout
    networks = subprocess.run(["docker", "network", "ls", *ask[1:]], capture_output=True, text=True, check=True).stdout
    return containers + networks


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
