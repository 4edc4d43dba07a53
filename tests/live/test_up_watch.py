"""`simulator up --watch` as developers use it: in a separate process, with saves under load, and no request fails."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import ssl
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from simulator.world.tasks import Tasks
from tests.builds.places import toolchains
from tests.live.test_serving import APPLICATION, ToLoopback
from tests.live.waiting import PATIENCE_S, until

SAVES = 3
ENOUGH = 20  # responses of a version
CLIENTS = 4
PAUSE_S = 0.02
CONFIG = """
version: 1.0
runtime: nodejs22
build:
  commands:
    build:
      - {build}
run:
  command: {program} app.py
  env:
    - name: WHO
      value: {who}
"""


def config(who: str, build: str = "echo building") -> str:
    return CONFIG.format(program=sys.executable, who=who, build=build)


@dataclass
class Up:
    """`simulator up` on a folder."""

    folder: Path
    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    async def read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.lines.append(line.decode().rstrip("\n"))

    def given(self, text: str) -> Callable[[], bool]:
        return lambda: any(text in line for line in self.lines)

    def save(self, text: str) -> None:
        """Save as editors do: a new file replaces the old one."""
        (self.folder / "apprunner.yaml~").write_text(text, encoding="utf-8")
        (self.folder / "apprunner.yaml~").replace(self.folder / "apprunner.yaml")


@contextlib.asynccontextmanager
async def up(tmp_path: Path, application: str = APPLICATION, text: str = "", *words: str) -> AsyncIterator[Up]:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "app.py").write_text(application, encoding="utf-8")
    (folder / "apprunner.yaml").write_text(text or config("version 0"), encoding="utf-8")
    node = toolchains(tmp_path / "toolchains").paths["NODEJS_22"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "up", str(folder), "--watch", *words),
        *("--state", str(tmp_path / "state"), "--toolchain", f"NODEJS_22={node}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    running = Up(folder, process)
    reading = asyncio.get_running_loop().create_task(running.read())
    try:
        yield running
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0, running.lines[-20:]
    finally:
        if process.returncode is None:
            process.kill()
        await reading


@dataclass
class Load:
    """`CLIENTS` connections that send requests without a pause. `outcomes`: (status, text) -> count."""

    url: str
    context: ssl.SSLContext
    outcomes: Counter[tuple[int, str]] = field(default_factory=Counter)
    over: bool = False

    async def run(self) -> None:
        async with Tasks("clients") as tasks:
            clients = [tasks.spawn(self._client(keeps=number % 2 == 0), f"{number}") for number in range(CLIENTS)]
            for client in clients:
                await client

    def has(self, text: str, asking: asyncio.Task[None]) -> Callable[[], bool]:
        """Return a condition: enough responses had this text, or the clients have ended."""
        return lambda: self.outcomes[200, text] > ENOUGH or asking.done()

    async def _client(self, *, keeps: bool) -> None:
        """Send requests over one connection (`keeps`), or over a new one each. A failed connection attempt raises."""
        connector = aiohttp.TCPConnector(resolver=ToLoopback(), ssl=self.context, force_close=not keeps)
        async with aiohttp.ClientSession(connector=connector) as session:
            while not self.over:
                async with session.get(self.url) as answer:
                    self.outcomes[answer.status, await answer.text()] += 1
                await asyncio.sleep(PAUSE_S)


@pytest.mark.slow
async def test_saves_under_load_lose_no_request_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    async with up(tmp_path) as running:
        await until(running.given("https://"))
        told = next(line for line in running.lines if line.startswith("https://"))
        found = re.fullmatch(r"(https://\S+)  \(root certificate: (.+)\)", told)
        assert found, told
        load = Load(found[1], ssl.create_default_context(cafile=found[2]))
        asking = asyncio.get_running_loop().create_task(load.run())
        try:
            await until(load.has("version 0", asking))
            for number in range(1, SAVES + 1):
                running.save(config(f"version {number}"))
                await until(load.has(f"version {number}", asking))
                if number == 2:
                    running.save(config("bad", build="exit 3"))
                    await until(running.given("The previous version continues to serve."))
        finally:
            load.over = True
            await asking
    assert set(load.outcomes) == {(200, f"version {number}") for number in range(SAVES + 1)}, load.outcomes
    assert running.given("[Build] `exit 3` ended with exit code 3.")()
    print(f"{load.outcomes.total()} requests over {SAVES} saves, all 200")  # noqa: T201 the figure of this run
