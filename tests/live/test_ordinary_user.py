"""`simulator serve` and `simulator up` as an ordinary user: no root, no control groups, no container engine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import re
import signal
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import boto3
import psutil
import pytest

from tests.live.other_user import skip_unless_executable
from tests.live.test_serving import IMAGE, ToLoopback
from tests.live.test_start_explained import free_ports
from tests.live.test_up_names import PROJECT
from tests.live.waiting import PATIENCE_S, until

USER = "nobody"
PROGRAM = PROJECT.replace("PORT)", 'int(os.environ["PORT"]))', 1)
CONFIG = """
version: 1.0
runtime: python311
build:
  commands:
    build:
      - "true"
run:
  command: python3 app.py
  network: {{port: {port}}}
  env:
    - {{name: WHO, value: me}}
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Yield a folder of the user: pytest's folders are readable by root only."""
    if os.geteuid() != 0:
        pytest.skip("becoming another user takes root")
    skip_unless_executable(USER, sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def give(folder: Path) -> None:
    """Give the folder and its contents to the user."""
    about = pwd.getpwnam(USER)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, about.pw_uid, about.pw_gid)


@contextlib.asynccontextmanager
async def simulator(home: Path, *words: str) -> AsyncIterator[list[str]]:
    """Yield its output lines. It is ended by SIGINT with exit code 0, and leaves nothing of the user's behind."""
    about = pwd.getpwnam(USER)
    give(home)
    before = own_processes()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", *words, "--state", str(home / "state")),
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=home,
        user=USER,
        group=about.pw_gid,
        extra_groups=[],
    )
    lines: list[str] = []

    async def read() -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            lines.append(line.decode().rstrip("\n"))

    reading = asyncio.get_running_loop().create_task(read())
    try:
        yield lines
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0, lines[-20:]
        await until(lambda: own_processes() <= before)
    finally:
        if process.returncode is None:
            process.kill()
        await reading


def own_processes() -> set[int]:
    uid = pwd.getpwnam(USER).pw_uid
    return {process.pid for process in psutil.process_iter(["uids"]) if process.info["uids"].real == uid}


async def get(host: str, port: str, root: str) -> tuple[int, str]:
    connector = aiohttp.TCPConnector(resolver=ToLoopback(), ssl=ssl.create_default_context(cafile=root))
    url = f"https://{host}:{port}/"
    async with aiohttp.ClientSession(connector=connector) as session, session.get(url) as answer:
        return answer.status, await answer.text()


@pytest.mark.slow
async def test_an_ordinary_user_serves_processes_behind_the_api(home: Path) -> None:
    (home / "app.py").write_text(PROGRAM, encoding="utf-8")
    application = "{process: {command: python3 app.py, working_directory: ., environment: {WHO: me}}}"
    (home / "serve.yaml").write_text(f"applications: {{hello: {application}}}", encoding="utf-8")
    async with simulator(home, "serve", "--port", "0", "--https-port", "0", "--config", "serve.yaml") as lines:
        await until(lambda: any(line.startswith("services at") for line in lines))
        endpoint = re.search(r"http://\S+:\d+", lines[0])
        told = next(line for line in lines if line.startswith("services at"))
        place = re.search(r":(\d+), root certificate: (.+)", told)
        assert endpoint, lines
        assert place, lines
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
        client = boto3.client("apprunner", endpoint_url=endpoint[0], region_name="us-east-1", **keys)
        source = {"ImageRepository": {"ImageIdentifier": IMAGE, "ImageRepositoryType": "ECR_PUBLIC"}}
        made = await asyncio.to_thread(client.create_service, ServiceName="hello", SourceConfiguration=source)
        now = made["Service"]
        async with asyncio.timeout(PATIENCE_S):
            while now["Status"] == "OPERATION_IN_PROGRESS":
                now = (await asyncio.to_thread(client.describe_service, ServiceArn=now["ServiceArn"]))["Service"]
        assert now["Status"] == "RUNNING"
        assert await get(made["Service"]["ServiceUrl"], place[1], place[2]) == (200, "me")


@pytest.mark.slow
async def test_an_ordinary_user_brings_up_a_project_with_its_own_port(home: Path) -> None:
    _, port = free_ports()
    (home / "shop").mkdir()
    (home / "shop" / "app.py").write_text(PROJECT.replace("PORT", str(port)), encoding="utf-8")
    (home / "shop" / "apprunner.yaml").write_text(CONFIG.format(port=port), encoding="utf-8")
    async with simulator(home, "up", "shop") as lines:
        await until(lambda: any("with App Runner's name" in line for line in lines))
        told = re.search(r"--cacert (\S+) --resolve (\S+):(\d+):", lines[-1])
        assert told, lines
        assert await get(told[2], told[3], told[1]) == (200, "me")
        assert any(f"it listens on its fixed port {port}" in line for line in lines)
