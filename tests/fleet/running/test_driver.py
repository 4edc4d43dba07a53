"""Tests of the driver of a server that runs already, with a socket of this process as the server."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.fleet.http.backend import HttpService
from simulator.fleet.ports import InstanceSpec, LaunchError
from simulator.fleet.process.kernel_listeners import listener_of
from simulator.fleet.running.driver import RunningDriver
from simulator.fleet.running.running_application import RunningApplication
from simulator.model.health import HealthCheck
from simulator.model.local_server import LocalServer
from simulator.model.sizes import InstanceSize

SPEC = InstanceSpec("web", 1, InstanceSize())


async def test_the_server_is_the_only_instance_and_runs_on_after_its_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        driver = RunningDriver(RunningApplication(LocalServer("127.0.0.1", port)), HttpService)
        backend = await driver.launch(SPEC)
        assert await backend.probe(HealthCheck()) is None
        with pytest.raises(LaunchError, match=f"127.0.0.1:{port} is one instance"):
            await driver.launch(SPEC)
        usage = backend.usage()  # that of this process
        assert usage is not None
        assert usage.memory_bytes > 1024**2
        assert usage.cpu_s < 60  # since the launch only
        await backend.stop(1.0)
        assert backend.exited.result().code == 0
        again = await driver.launch(SPEC)
        assert await again.probe(HealthCheck()) is None
        assert driver.cpu_used_s() >= 0.0
        await driver.close()


async def test_a_server_that_is_gone_fails_its_health_check() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    driver = RunningDriver(RunningApplication(LocalServer("127.0.0.1", port)), HttpService)
    backend = await driver.launch(SPEC)
    assert await backend.probe(HealthCheck()) is not None
    assert backend.usage() is None
    backend.kill()
    assert backend.exited.done()
    await driver.close()


def test_the_cpu_time_of_a_server_that_has_ended_stays_counted() -> None:
    program = (
        "import socket, sys, time\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "print(server.getsockname()[1], flush=True)\n"
        "sys.stdin.readline()\n"
        "begun_s = time.process_time()\n"
        "while time.process_time() < begun_s + 0.3: pass\n"
        "print(flush=True)\n"
        "sys.stdin.read()\n"
    )

    async def main(server: subprocess.Popen[str]) -> None:
        assert server.stdin is not None
        assert server.stdout is not None
        address = LocalServer("127.0.0.1", int(server.stdout.readline()))
        driver = RunningDriver(RunningApplication(address), HttpService)
        backend = await driver.launch(SPEC)
        server.stdin.write("\n")
        server.stdin.flush()
        server.stdout.readline()
        used_s = driver.cpu_used_s()
        assert used_s > 0.1
        server.stdin.close()
        server.wait()
        assert backend.usage() is None
        assert driver.cpu_used_s() == used_s
        await driver.close()

    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        asyncio.run(main(server))


def test_of_a_server_and_its_workers_the_first_is_the_listener() -> None:
    program = (
        "import os, socket, sys, time\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "child = os.fork()\n"
        "if child: print(server.getsockname()[1], flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert listener_of(int(server.stdout.readline())) == server.pid
        assert server.stdin is not None
        server.stdin.close()
    assert listener_of(1) != os.getpid()


def test_a_proxy_of_a_container_engine_is_not_the_server(tmp_path: Path) -> None:
    own = tmp_path / str(os.getpid())
    (own / "net").mkdir(parents=True)
    row = "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4711 1 0"
    (own / "net" / "tcp").write_text(f"header\n{row}\n")
    (tmp_path / "77" / "fd").mkdir(parents=True)
    (tmp_path / "77" / "fd" / "3").symlink_to("socket:[4711]")
    (tmp_path / "77" / "comm").write_text("python3\n")
    assert listener_of(0x1F90, tmp_path) == 77
    (tmp_path / "77" / "comm").write_text("docker-proxy\n")
    assert listener_of(0x1F90, tmp_path) is None
    assert listener_of(80, tmp_path) is None
