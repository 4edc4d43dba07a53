"""Compares the Docker driver with plain `docker run`: `python -m benchmarks.containers`.

Needs a container engine and `docker` on the PATH. The application is that of the driver contract, in the image of the
tests. Both start the same containers with the same limits, all at once, in alternating rounds; a round is complete when
every application accepts a connection. A wake is timed from the call to the last byte of an answer. The idle instances
are throttled, and probed and measured with the default settings.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Final

import uvloop

from benchmarks.processes import percentile, timed_ms, verdict
from simulator.fleet.docker.backend import ContainerBackend
from simulator.fleet.docker.config import DockerApplication, DockerSettings
from simulator.fleet.docker.driver import DockerDriver
from simulator.fleet.http.backend import HttpService
from simulator.fleet.ports import InstanceSpec
from simulator.fleet.process.throttling import Throttling
from simulator.fleet.replicas.prober import Prober
from simulator.model.health import HealthCheck, HealthProtocol
from simulator.model.sizes import InstanceSize
from simulator.rules.health import Health, Streak
from simulator.world.clock import wall_s
from simulator.world.tasks import Tasks
from tests.live.contract import VARIABLE, Behaviour
from tests.live.docker_images import python_image

SIZE: Final = InstanceSize(256, 512)
WAKE_MS_TARGET: Final = 50.0
WELL: Final = HealthCheck(HealthProtocol.HTTP, path="/well")


class Bench:
    """A driver whose instances have known ports."""

    def __init__(self, image: str, throttling: Throttling) -> None:
        self.ports: list[int] = []
        settings = DockerSettings(throttling)
        self.driver = DockerDriver(DockerApplication(image), self._serve, lambda *_: None, settings)

    def _serve(self, host: str, port: int) -> HttpService:
        self.ports.append(port)
        return HttpService(host, port)

    async def launch(self, number: int, behaviour: Behaviour = Behaviour.READY) -> ContainerBackend:
        """Start an instance and return when it answers."""
        backend = await self.driver.launch(InstanceSpec("bench", number, SIZE, {VARIABLE: behaviour.value}))
        while await backend.probe(WELL) is not None:  # noqa: ASYNC110 of another process
            await asyncio.sleep(0.005)
        return backend

    async def launch_all(self, count: int) -> list[ContainerBackend]:
        async with Tasks("launches") as tasks:
            launches = [tasks.spawn(self.launch(number), f"launch {number}") for number in range(1, count + 1)]
            await asyncio.wait(launches)
            return [launch.result() for launch in launches]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--containers", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wakes", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=15.0, help="how long idle instances are watched")
    arguments = parser.parse_args()
    image = python_image()
    starts(image, arguments.containers, arguments.rounds)
    for throttling in (Throttling.SHARE, Throttling.FREEZE):
        uvloop.run(wakes(image, throttling, arguments.wakes))
    uvloop.run(idle(image, arguments.containers, arguments.seconds))


def starts(image: str, count: int, rounds: int) -> None:
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(uvloop.run(by_driver(image, count)))
        theirs.append(by_hand(image, count))
    mine, plain = statistics.median(ours), statistics.median(theirs)
    print(f"start of {count} containers at once, until all listen: driver {mine:.2f} s, `docker run` {plain:.2f} s")
    print(f"   (medians of {rounds}), {mine / plain:.2f} x")


async def by_driver(image: str, count: int) -> float:
    bench = Bench(image, Throttling.NONE)
    try:
        began_s = wall_s()
        await bench.launch_all(count)
        return wall_s() - began_s
    finally:
        await bench.driver.close()


def by_hand(image: str, count: int) -> float:
    options = f"-d --cpus 0.25 --memory 512m --memory-swap 512m -p 127.0.0.1::8080 -e PORT=8080 -e {VARIABLE}=ready"
    command = ["docker", "run", *options.split(), image]
    began_s = wall_s()
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    names = [process.communicate()[0].strip() for process in running]
    given = subprocess.run(["docker", "port", names[0]], capture_output=True, text=True, check=True)
    assert "127.0.0.1" in given.stdout
    for name in names:
        port = subprocess.run(["docker", "port", name, "8080"], capture_output=True, text=True, check=True).stdout
        until_it_answers(int(port.rpartition(":")[2]))
    took_s = wall_s() - began_s
    subprocess.run(["docker", "rm", "-f", *names], capture_output=True, check=True)
    return took_s


def until_it_answers(port: int) -> None:
    """Wait for an answer, because the engine's proxy accepts connections at once."""
    pause = threading.Event()
    while True:
        try:
            ask(port)
        except OSError:
            pause.wait(0.005)
        else:
            return


def ask(port: int, before: Callable[[], object] = lambda: None) -> None:
    before()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: bench\r\n\r\n")
        if not connection.recv(65536):
            raise ConnectionResetError


async def wakes(image: str, throttling: Throttling, count: int) -> None:
    bench = Bench(image, throttling)
    try:
        backend = await bench.launch(1)
        port = bench.ports[0]
        awake_ms = [timed_ms(lambda: ask(port)) for _ in range(count)]
        woken_ms = []
        for _ in range(count):
            backend.throttle()
            await asyncio.sleep(0.12)  # longer than the period of a CPU quota
            woken_ms.append(timed_ms(lambda: ask(port, backend.wake)))
    finally:
        await bench.driver.close()
    p95_ms = percentile(woken_ms, 95)
    print(
        f"wake, {throttling:7} p50 {percentile(woken_ms, 50):7.2f} ms   p95 {p95_ms:7.2f} ms"
        f"   awake p50 {percentile(awake_ms, 50):7.2f} ms   {verdict(p95_ms, WAKE_MS_TARGET)}"
    )


async def idle(image: str, count: int, seconds: float) -> None:
    """Measure the CPU time of the loop's thread, in % of a core."""
    bench = Bench(image, Throttling.SHARE)
    try:
        backends = await bench.launch_all(count)
        async with Tasks("probes") as tasks:
            prober = Prober(HealthCheck())
            for number, backend in enumerate(backends, 1):
                backend.throttle()
                streak = Streak(prober.check, Health.HEALTHY)
                tasks.spawn(prober.until_changed(number, backend, streak), f"probe {number}")
            clock = time.pthread_getcpuclockid(threading.get_ident())
            before_s = time.clock_gettime(clock)
            await asyncio.sleep(seconds)
            used_s = time.clock_gettime(clock) - before_s
    finally:
        await bench.driver.close()
    print(
        f"idle, {count} throttled containers: {used_s / seconds:.2%} of a core in the loop, probes and storage included"
    )


if __name__ == "__main__":
    main()
