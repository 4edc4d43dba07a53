"""Measures the first request after idle time on throttled instances: `python -m benchmarks.wakes [--engine]`.

The default of a service's `wake` and its plausible range come from these figures (simulator/model/instance.py). An
instance that is throttled to its idle share of the CPU gets one request, in two ways:

- `restored`: as the drivers do it, which restore the CPU before they forward the request; all of these figures together
  are the default;
- `idle share`: the request is forwarded at once, and the CPU is restored after the answer, as on a platform whose CPU
  comes too late for the request.

Each is measured on a quiet application and on one that computes between requests, so that its idle share is used up.
A request computes for 10 ms at the idle share, and for 1 ms otherwise, where its own time is not to matter. A figure is
the time of the first request less the median time of the same request on the active instance; requests come at
different times of a quota's period. `--engine` adds containers, which need a container engine. Other work on
the machine makes the tail longer.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import socket
import statistics
from collections.abc import Callable
from typing import Final, Protocol

import uvloop

from benchmarks.processes import percentile, timed_ms
from simulator.fleet.docker.config import DockerApplication, DockerSettings
from simulator.fleet.docker.driver import DockerDriver
from simulator.fleet.http.backend import HttpService
from simulator.fleet.ports import Backend, InstanceSpec, Launcher
from simulator.fleet.process.driver import ProcessDriver
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.process.settings import ProcessSettings
from simulator.fleet.process.throttling import Throttling
from simulator.model.health import HealthCheck, HealthProtocol
from simulator.model.sizes import InstanceSize
from tests.live.docker_images import python_image

SIZE: Final = InstanceSize(1024, 2048)
REACHED: Final = HealthCheck(HealthProtocol.HTTP, path="/0")
# A multiple of the quota's period of 100 ms, and ten phases within a period.
IDLE_S: Final = 0.3
PHASES: Final = 10

# A request for /N computes for N ms. BACKGROUND: a child process computes for a tenth of the time.
PROGRAM: Final = """
import os, socket, time
def compute(seconds):
    until_s = time.thread_time() + seconds
    while time.thread_time() < until_s:
        pass
if os.environ.get("BACKGROUND") and os.fork() == 0:
    while True:
        compute(0.01)
        time.sleep(0.09)
server = socket.create_server((os.environ.get("HOST", "0.0.0.0"), int(os.environ["PORT"])), backlog=16)
while True:
    connection, _ = server.accept()
    head = connection.recv(65536)
    if head:
        compute(int(head.split(b" ")[1][1:]) / 1000)
        connection.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\nconnection: close\\r\\n\\r\\n")
    connection.close()
"""
COMMAND: Final = ("python", "-I", "-S", "-c", PROGRAM)


class Made(Protocol):
    """Creates a driver whose instances are reached through `serve`."""

    def __call__(self, serve: Callable[[str, int], HttpService]) -> Launcher: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--wakes", type=int, default=60, help="wakes of each kind")
    parser.add_argument("--engine", action="store_true", help="measure containers as well")
    arguments = parser.parse_args()
    makers: dict[str, Made] = {"process": process_driver}
    if arguments.engine:
        makers["container"] = functools.partial(container_driver, python_image())
    pooled_ms: list[float] = []
    for restored in (True, False):
        for name, make in makers.items():
            for background in (False, True):
                extra_ms = uvloop.run(measured(make, arguments.wakes, background=background, restored=restored))
                report(f"{'restored' if restored else 'idle share'}, {name}", background, extra_ms)
                pooled_ms += extra_ms if restored else []
    print(f"default: median {statistics.median(pooled_ms):.2f} ms, p95 {percentile(pooled_ms, 95):.2f} ms")


def report(kind: str, background: bool, extra_ms: list[float]) -> None:
    application = "background work" if background else "quiet"
    median_ms, p95_ms = statistics.median(extra_ms), percentile(extra_ms, 95)
    print(f"{kind:22} {application:16} median {median_ms:7.2f} ms   p95 {p95_ms:7.2f} ms", flush=True)


def process_driver(serve: Callable[[str, int], HttpService]) -> Launcher:
    return ProcessDriver(ProcessApplication(COMMAND), serve, lambda *_: None, ProcessSettings(Throttling.SHARE))


def container_driver(image: str, serve: Callable[[str, int], HttpService]) -> Launcher:
    return DockerDriver(DockerApplication(image, COMMAND), serve, lambda *_: None, DockerSettings(Throttling.SHARE))


async def measured(make: Made, count: int, *, background: bool, restored: bool) -> list[float]:
    """Return the milliseconds by which the first requests after idle time are slower than later ones."""
    ports: list[int] = []

    def serve(host: str, port: int) -> HttpService:
        ports.append(port)
        return HttpService(host, port)

    driver = make(serve)
    try:
        backend = await driver.launch(InstanceSpec("bench", 1, SIZE, {"BACKGROUND": "1"} if background else {}))
        while await backend.probe(REACHED) is not None:  # noqa: ASYNC110 of another process
            await asyncio.sleep(0.01)
        work_ms = 1 if restored else 10
        return await _first_requests(backend, ports[0], work_ms, count, restored=restored)
    finally:
        await driver.close()


async def _first_requests(backend: Backend, port: int, work_ms: int, count: int, *, restored: bool) -> list[float]:
    warm_ms, first_ms = [], []
    for number in range(count):
        # Two periods, so that a quota that the last request used up is there again.
        await asyncio.sleep(0.2)
        warm_ms.append(timed_ms(lambda: ask(port, work_ms)))
        backend.throttle()
        await asyncio.sleep(IDLE_S + number % PHASES * 0.1 / PHASES)
        first_ms.append(timed_ms(functools.partial(_ask_first, backend, port, work_ms, restored=restored)))
        backend.wake()
    usual_ms = statistics.median(warm_ms)
    return [each - usual_ms for each in first_ms]


def _ask_first(backend: Backend, port: int, work_ms: int, *, restored: bool) -> None:
    if restored:
        backend.wake()
    ask(port, work_ms)


def ask(port: int, work_ms: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /%d HTTP/1.1\r\nhost: bench\r\n\r\n" % work_ms)
        while connection.recv(65536):
            pass


if __name__ == "__main__":
    main()
