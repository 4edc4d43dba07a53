"""Applications in repositories, with their real packages: built, served over HTTPS, deployed again after a push.

Packages come from their registries.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import aiohttp
import pytest

from simulator.assembly.composition import compose_platform
from simulator.builds.artifact import SourceDescription
from simulator.builds.local import LocalBuilder
from simulator.cli.build_options import build_settings
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.platform.platform import Platform
from simulator.platform.source_service import SourceService
from simulator.records.events import OutputWritten
from simulator.world.random_streams import RandomStreams
from tests.builds.places import GitPlace
from tests.live.client_tools import node
from tests.live.test_serving import ToLoopback

PATIENCE_S = 240.0  # a registry and a busy machine
PAUSE_S = 0.1  # leaves the CPU to the build


def config(runtime: str, build: str, run: str, pre_run: str = "") -> str:
    before = f"  pre-run:\n    - {pre_run}\n" if pre_run else ""
    return (
        f"version: 1.0\nruntime: {runtime}\nbuild:\n  commands:\n    build:\n      - {build}\n"
        f"run:\n{before}  command: {run}\n"
    )


FLASK = {
    "apprunner.yaml": config(
        "python311",
        "pip3 install -t vendor -r requirements.txt",
        "python3 app.py",
    ),
    "requirements.txt": "flask>=3\n",
    "app.py": """import os, sys
sys.path.insert(0, "/app/vendor")
from flask import Flask
app = Flask(__name__)
@app.get("/")
def hello():
    return "version ONE"
app.run(host="0.0.0.0", port=int(os.environ["PORT"]))
""",
}
FASTAPI = {
    "apprunner.yaml": config(
        "python311",
        "python3 -m compileall -q .",
        'sh -c "exec uvicorn main:app --host 0.0.0.0 --port $PORT"',
        "pip3 install -r requirements.txt",
    ),
    "requirements.txt": "fastapi\nuvicorn\n",
    "main.py": """from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
app = FastAPI()
@app.get("/")
async def hello() -> PlainTextResponse:
    return PlainTextResponse("version ONE")
""",
}
EXPRESS = {
    "apprunner.yaml": config("nodejs22", "npm install --no-audit --no-fund", "npm start"),
    "package.json": '{"name": "shop", "scripts": {"start": "node index.js"}, "dependencies": {"express": "^4"}}',
    "index.js": """const app = require("express")();
app.get("/", (request, response) => response.send("version ONE on " + process.version.split(".")[0]));
app.listen(process.env.PORT);
""",
}
NODE = {
    "apprunner.yaml": config("nodejs18", "node --check server.js", "node server.js"),
    "server.js": """const told = "version ONE on " + process.version.split(".")[0];
require("http").createServer((request, response) => response.end(told)).listen(process.env.PORT);
""",
}
APPLICATIONS = {"flask": FLASK, "fastapi": FASTAPI, "express": EXPRESS, "node": NODE}
NODES = {"express": 22, "node": 18}


@pytest.mark.slow
@pytest.mark.parametrize("name", APPLICATIONS)
async def test_an_application_is_built_served_and_deployed_again_by_a_push(tmp_path: Path, name: str) -> None:
    place = GitPlace(tmp_path / name, APPLICATIONS[name])
    major = NODES.get(name)
    settings = build_settings(tmp_path, [] if major is None else [f"NODEJS_{major}={node(major)}"])
    on = "" if major is None else f" on v{major}"
    one = (200, f"version ONE{on}")
    builder, lines = LocalBuilder(settings), list[str]()
    platform = compose_platform((), RandomStreams(1), live=LiveSettings(tmp_path))
    platform.journal.subscribe(OutputWritten, lambda output: lines.append(output.line))
    try:
        await platform.open()
        platform.start()
        service = platform.add(name, (f"{name}.localhost",))
        source = SourceDescription(str(place.folder), "main")
        serving = SourceService(platform, service, builder, source, lines.append, SecretsPlace())
        async with asyncio.timeout(PATIENCE_S):
            await serving.deploy()
            assert await answers(platform, service.host, 1) == [one]
            place.commit({file: text.replace("ONE", "TWO") for file, text in APPLICATIONS[name].items()})
            load = asyncio.get_running_loop().create_task(until_after(platform, service.host, one))
            await serving.deploy()
            told = await load
    finally:
        await platform.close()
        await builder.close()
    assert {status for status, _ in told} == {200}, "\n".join(lines[-40:])
    assert told[-1] == (200, f"version TWO{on}")


async def answers(platform: Platform, host: str, count: int) -> list[tuple[int, str]]:
    front = platform.front
    assert front is not None
    context = ssl.create_default_context(cafile=front.root_certificate)
    connector = aiohttp.TCPConnector(resolver=ToLoopback(), ssl=context)
    told = []
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(count):
            async with session.get(f"https://{host}:{front.https_port}/") as answer:
                told.append((answer.status, await answer.text()))
    return told


async def until_after(platform: Platform, host: str, before: tuple[int, str]) -> list[tuple[int, str]]:
    """Send requests until another version answers; return all responses."""
    told = await answers(platform, host, 1)
    while told[-1] == before:
        told += await answers(platform, host, 5)
        await asyncio.sleep(PAUSE_S)
    return told
