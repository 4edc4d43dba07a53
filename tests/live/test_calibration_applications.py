"""The twelve applications of benchmarks/calibration_live start, and answer each route and their health check."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.calibration_live.applications import APPLICATIONS, APPS, Application

GUARD_S = 60.0
LOOK_S = 0.02
PROGRAMS = f"{Path(sys.executable).parent}:/usr/local/bin:{os.defpath}"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def running(application: Application) -> Iterator[str]:
    """Start the application as its apprunner.yaml says, and yield its address once it answers its health check."""
    port = free_port()
    process = subprocess.Popen(
        application.arguments,
        cwd=application.folder,
        env={"PATH": PROGRAMS, "HOST": "127.0.0.1", "PORT": str(port)},
        start_new_session=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(round(GUARD_S / LOOK_S)):
            assert process.poll() is None, f"{application.name} ended with {process.returncode}"
            if healthy(address):
                break
        else:
            pytest.fail(f"{application.name} does not answer within {GUARD_S:g} s")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(GUARD_S)


def healthy(address: str) -> bool:
    try:
        return answer(f"{address}/health")[0] == 200
    except OSError:
        time.sleep(LOOK_S)  # noqa: TID251 between two attempts to connect to a process
        return False


def answer(url: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=body, method=method)
    with urllib.request.urlopen(request, timeout=GUARD_S) as response:
        return response.status, response.read()


@pytest.mark.slow
@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application_answers_its_routes(name: str) -> None:
    application = APPLICATIONS[name]
    if shutil.which(application.arguments[0], path=PROGRAMS) is None:
        pytest.skip(f"{application.arguments[0]} is not installed")
    with running(application) as address:
        for route in application.routes:
            for _ in range(3):
                status, body = answer(address + route.path, route.method, b"." * route.request_bytes or None)
                assert status == 200
                assert body


def test_each_folder_is_an_application_of_the_experiment() -> None:
    assert {folder.name for folder in APPS.iterdir() if folder.is_dir()} == set(APPLICATIONS)
