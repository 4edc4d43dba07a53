"""Measures the process driver, with wakes, starts and idle instances: `python -m benchmarks.processes`.

The application is a Python program of the standard library that answers every request at once. A wake is timed from the
call to the last byte of an answer, and compared with the same request to an active instance. A start is timed from the
launch until the application accepts a connection, in rounds that alternate with the same program started without the
driver; the difference is caused by the driver. The idle instances are throttled, and probed and measured with the
default settings.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

import uvloop

from simulator.fleet.http.backend import HttpService
from simulator.fleet.ports import InstanceSpec
from simulator.fleet.process.backend import ProcessBackend
from simulator.fleet.process.driver import ProcessDriver
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.process.settings import ProcessSettings
from simulator.fleet.process.throttling import Throttling
from simulator.fleet.replicas.prober import Prober
from simulator.model.health import HealthCheck
from simulator.model.sizes import InstanceSize
from simulator.rules.health import Health, Streak
from simulator.world.clock import wall_s
from simulator.world.tasks import Tasks

WAKE_MS_TARGET: Final = 50.0
START_MS_TARGET: Final = 150.0

SIZE: Final = InstanceSize(256, 512)
MS: Final = 1e3

# BUSY: it computes all the time, so that its share of CPU is always used up.
PROGRAM: Final = """
import os, socket, threading
def spin():
    while True:
        sum(range(1000))
if os.environ.get("BUSY"):
    threading.Thread(target=spin, daemon=True).start()
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])), backlog=16)
while True:
    connection, _ = server.accept()
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\nconnection: close\\r\\n\\r\\n")
    connection.close()
"""
COMMAND: Final = ("-I", "-S", "-c", PROGRAM)


class Bench:
    """A driver whose instances have known ports."""

    def __init__(self, throttling: Throttling) -> None:
        self.ports: list[int] = []
        self.driver = ProcessDriver(
            ProcessApplication(("python", *COMMAND)), self._serve, lambda *_: None, ProcessSettings(throttling)
        )

    def _serve(self, host: str, port: int) -> HttpService:
        self.ports.append(port)
        return HttpService(host, port)

    async def launch(self, number: int = 1, *, busy: bool = False) -> ProcessBackend:
        """Start an instance and return when it listens."""
        backend = await self.driver.launch(InstanceSpec("bench", number, SIZE, {"BUSY": "1"} if busy else {}))
        await asyncio.get_running_loop().run_in_executor(None, until_it_listens, self.ports[-1])
        return backend


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--wakes", type=int, default=100, help="wakes of each kind")
    parser.add_argument("--starts", type=int, default=20, help="starts by the driver, and as many by hand")
    parser.add_argument("--instances", type=int, default=50, help="idle instances")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long they are watched")
    arguments = parser.parse_args()
    print(uvloop.run(limits()))
    for throttling in (Throttling.SHARE, Throttling.FREEZE):
        for busy in (False, True):
            uvloop.run(wakes(throttling, arguments.wakes, busy=busy))
    uvloop.run(starts(arguments.starts))
    for throttling in (Throttling.SHARE, Throttling.FREEZE):
        uvloop.run(idle(throttling, arguments.instances, arguments.seconds))


async def limits() -> str:
    return Bench(Throttling.NONE).driver.limits_in_force


async def wakes(throttling: Throttling, count: int, *, busy: bool) -> None:
    bench = Bench(throttling)
    try:
        backend = await bench.launch(busy=busy)
        port = bench.ports[0]
        awake_ms = [timed_ms(lambda: ask(port)) for _ in range(count)]
        woken_ms = []
        for _ in range(count):
            backend.throttle()
            # longer than the period of a CPU quota, so that a busy instance has used up its share
            await asyncio.sleep(0.12)
            woken_ms.append(timed_ms(lambda: ask(port, backend.wake)))
    finally:
        await bench.driver.close()
    kind = f"{throttling} {'busy' if busy else 'idle'}"
    p95_ms = percentile(woken_ms, 95)
    print(
        f"wake, {kind:12} p50 {percentile(woken_ms, 50):7.2f} ms   p95 {p95_ms:7.2f} ms   max {max(woken_ms):7.2f} ms"
        f"   awake p50 {percentile(awake_ms, 50):7.2f} ms, p95 {percentile(awake_ms, 95):7.2f} ms"
        f"   {verdict(p95_ms, WAKE_MS_TARGET)}"
    )


async def starts(count: int) -> None:
    bench = Bench(Throttling.NONE)
    by_driver_ms, by_hand_ms = [], []
    try:
        await (await bench.launch()).stop(1)  # the folder and the guard exist from here on
        for number in range(count):
            began_s = wall_s()
            backend = await bench.launch(number)
            by_driver_ms.append((wall_s() - began_s) * MS)
            await backend.stop(1)
            by_hand_ms.append(await asyncio.get_running_loop().run_in_executor(None, start_by_hand))
    finally:
        await bench.driver.close()
    extra_ms = statistics.median(by_driver_ms) - statistics.median(by_hand_ms)
    print(
        f"start: by the driver {statistics.median(by_driver_ms):.1f} ms, by hand {statistics.median(by_hand_ms):.1f} ms"
        f" (medians of {count}); driver's part {extra_ms:.1f} ms   {verdict(extra_ms, START_MS_TARGET)}"
    )


async def idle(throttling: Throttling, count: int, seconds: float) -> None:
    """Measure the CPU time of the loop's thread and of the whole process, in % of a core."""
    bench = Bench(throttling)
    try:
        began_s = wall_s()
        backends = [await bench.launch(number) for number in range(1, count + 1)]
        started_s = wall_s() - began_s
        prober = Prober(HealthCheck())
        async with Tasks("probes") as tasks:
            for number, backend in enumerate(backends, 1):
                backend.throttle()
                streak = Streak(prober.check, Health.HEALTHY)
                tasks.spawn(prober.until_changed(number, backend, streak), f"probe {number}")
                # spread like the probes of instances that were started one after another
                await asyncio.sleep(prober.check.interval_s / count)
            loop_s, process_s, used_s = time.thread_time(), time.process_time(), bench.driver.cpu_used_s()
            await asyncio.sleep(seconds)
            loop_s, process_s = time.thread_time() - loop_s, time.process_time() - process_s
            used_s = bench.driver.cpu_used_s() - used_s
    finally:
        await bench.driver.close()
    print(
        f"{count} idle instances, {throttling}: loop {loop_s / seconds:.2%}, simulator {process_s / seconds:.2%}, "
        f"instances {used_s / seconds:.2%} of a core; {count} starts in a row {started_s:.1f} s"
    )


# --- leaves ---


def ask(port: int, before: Callable[[], object] = lambda: None) -> None:
    before()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: bench\r\n\r\n")
        while connection.recv(65536):
            pass


def until_it_listens(port: int) -> None:
    pause = threading.Event()
    while True:
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        pause.wait(0.0005)


def start_by_hand() -> float:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began_s = wall_s()
    with subprocess.Popen([sys.executable, *COMMAND], env={"PORT": str(port)}) as process:
        until_it_listens(port)
        took_ms = (wall_s() - began_s) * MS
        process.kill()
    return took_ms


def timed_ms(work: Callable[[], object]) -> float:
    began_s = wall_s()
    work()
    return (wall_s() - began_s) * MS


def percentile(values: list[float], percent: float) -> float:
    return sorted(values)[max(0, -int(-len(values) * percent // 100) - 1)]


def verdict(value: float, target: float) -> str:
    return f"target {target:g} ms: {'reached' if value <= target else 'MISSED'}"


if __name__ == "__main__":
    main()
