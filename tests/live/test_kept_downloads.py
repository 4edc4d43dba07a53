"""Builds in containers that use the downloads of earlier builds, with the real engine, pip, and a local index."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import ipaddress
import json
import os
import threading
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.builds.artifact import BuildArtifact, BuildFailed
from simulator.builds.local import LocalBuilder
from simulator.builds.resource_limits import BuildLimits
from simulator.builds.settings import ALL_RUNTIMES, BuildSettings, RuntimeImages
from tests.builds.places import GitPlace, config
from tests.builds.steps import HeardSteps
from tests.live.docker_images import base_image, shell_image
from tests.live.test_image_builds import docker, forget_images, volumes
from tests.live.waiting import PATIENCE_S

WHEEL = "shopkit-1.0-py3-none-any.whl"
MODULES = "/root/go/pkg/mod"


class Index:
    """A package index on the address of the engine's bridge. `requests`: the requested paths."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[str] = []
        self.may_be_cached = True
        packages = folder / "simple" / "shopkit"
        packages.mkdir(parents=True)
        with zipfile.ZipFile(packages / WHEEL, "w") as archive:
            archive.writestr("shopkit.py", "NAME = 'shopkit 1.0'\n")
            info = "shopkit-1.0.dist-info"
            archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: shopkit\nVersion: 1.0\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            names = ("shopkit.py", f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD")
            archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in names))
        (packages / "index.html").write_text(f'<a href="{WHEEL}">{WHEEL}</a>', encoding="utf-8")
        index = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments, directory=str(folder))

            def end_headers(self) -> None:
                index.requests.append(self.path)
                if index.may_be_cached:
                    self.send_header("Cache-Control", "max-age=600, public")  # as PyPI does
                super().end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        bridge = json.loads(docker("network", "inspect", "bridge"))[0]["IPAM"]["Config"][0]
        self._host = bridge.get("Gateway") or str(next(ipaddress.ip_network(bridge["Subnet"]).hosts()))
        self._server = http.server.ThreadingHTTPServer((self._host, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def environment(self) -> dict[str, str]:
        port = self._server.server_address[1]
        return {
            "PIP_INDEX_URL": f"http://{self._host}:{port}/simple",
            "PIP_TRUSTED_HOST": self._host,
            "PIP_RETRIES": "1",  # pip reports an unreachable server only when it tries again
            "PIP_ROOT_USER_ACTION": "ignore",
        }

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    base_image()
    made = Index(tmp_path / "index")
    yield made
    made.stop()


@contextlib.asynccontextmanager
async def builder_in(
    folder: Path, image: str, environment: dict[str, str] | None = None, **more: Any
) -> AsyncIterator[LocalBuilder]:
    """Yield a builder. Builders in the same folder share their downloads."""
    settings = BuildSettings(
        folder / "builds", environment=environment or {}, images={ALL_RUNTIMES: RuntimeImages.of_one(image)}, **more
    )
    builder = LocalBuilder(settings)
    try:
        yield builder
    finally:
        await builder.close()


async def built(builder: LocalBuilder, place: GitPlace) -> tuple[BuildArtifact, HeardSteps]:
    """Build, with a longer time limit than other tests: pip takes seconds, several times in each build."""
    steps = HeardSteps()
    async with asyncio.timeout(4 * PATIENCE_S):
        return await builder.build(place.source(), steps), steps


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Remove afterwards what builds in this folder leave in the engine."""
    yield tmp_path
    forget_images(tmp_path)


def python_config(command: str = "pip3 install -r requirements.txt --target lib") -> str:
    return config(
        "python311", command, "python3 main.py", pre_run="pip3 install shopkit && python3 -c 'import shopkit'"
    )


def said_by(image: str) -> str:
    return docker("run", "--rm", "--network", "none", image, "python3", "main.py")


FILES = {
    "apprunner.yaml": python_config(),
    "requirements.txt": "shopkit==1.0\n",
    "main.py": "import sys; sys.path.insert(0, 'lib'); import shopkit; print('ONE', shopkit.NAME)\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("may_be_cached", [True, False])
async def test_a_changed_source_builds_without_a_network_while_its_dependencies_are_the_same(
    folder: Path, index: Index, may_be_cached: bool
) -> None:
    """The commands call pip in a script of their own, too, if the index allows caching."""
    index.may_be_cached = may_be_cached
    script = "echo 'pip3 install -r requirements.txt --target lib' > install && sh ./install"
    files = FILES | ({"apprunner.yaml": python_config(script)} if may_be_cached else {})
    place = GitPlace(folder / "shop", files)
    async with builder_in(folder, base_image(), index.environment) as builder:
        first, _ = await built(builder, place)
        assert said_by(first.image) == "ONE shopkit 1.0"
        assert any(WHEEL in path for path in index.requests)
    asked = len(index.requests)
    place.commit({"main.py": FILES["main.py"].replace("ONE", "TWO")})
    async with builder_in(folder, base_image(), index.environment, offline=True) as builder:
        second, steps = await built(builder, place)
        assert not second.from_cache
        assert said_by(second.image) == "TWO shopkit 1.0"
        place.commit({"requirements.txt": "shopkit==2.0\n"})
        with pytest.raises(
            BuildFailed, match=r"exit code 1\. The build is offline and uses kept downloads only: build once"
        ):
            await built(builder, place)
    assert len(index.requests) == asked
    assert any(line.startswith("[PreRun] Successfully installed shopkit") for line in steps.lines)


@pytest.mark.slow
async def test_a_build_starts_again_with_kept_downloads_if_no_server_can_be_reached(folder: Path, index: Index) -> None:
    place = GitPlace(folder / "shop", FILES)
    async with builder_in(folder, base_image(), index.environment) as builder:
        await built(builder, place)
        index.stop()
        place.commit({"main.py": FILES["main.py"].replace("ONE", "TWO")})
        again, steps = await built(builder, place)
        assert said_by(again.image) == "TWO shopkit 1.0"
        assert "[AppRunner] No server could be reached: the build starts again with kept downloads only." in steps.lines
        place.commit({"apprunner.yaml": python_config("exit 3")})
        with pytest.raises(BuildFailed, match=r"^\[Build\] `exit 3` ended with exit code 3\.$"):
            await built(builder, place)  # the failure is not due to an unreachable server


@pytest.mark.slow
async def test_without_kept_downloads_a_build_ends_at_the_first_failure(folder: Path, index: Index) -> None:
    index.stop()
    place = GitPlace(folder / "shop", FILES | {"apprunner.yaml": python_config("pip3 install --no-cache-dir shopkit")})
    async with builder_in(folder, base_image(), index.environment) as builder:
        with pytest.raises(BuildFailed, match=r"ended with exit code 1\.$"):
            await built(builder, place)
    async with builder_in(folder, base_image(), index.environment, offline=True) as builder:
        with pytest.raises(BuildFailed, match="build once with the network to keep what is missing"):
            await built(builder, place)


def go_config(command: str) -> str:
    return config("go1", command)


@pytest.mark.slow
async def test_what_an_application_runs_from_is_kept_and_in_its_own_image_only(folder: Path) -> None:
    write = f"ls {MODULES} > before; echo module > {MODULES}/x; mkdir -p /root/.cache/go-build; ls /sys/class/net > net"
    shop = GitPlace(folder / "shop", {"apprunner.yaml": go_config(write)})
    blog = GitPlace(folder / "blog", {"apprunner.yaml": go_config(f"ls {MODULES} > before")})
    async with builder_in(folder, shell_image()) as builder:
        first, _ = await built(builder, shop)
        shop.commit({"more": "more"})
        second, _ = await built(builder, shop)
        other, _ = await built(builder, blog)
    async with builder_in(folder, shell_image(), offline=True) as builder:
        shop.commit({"more": "still more"})
        alone, _ = await built(builder, shop)
    for image in (first.image, second.image):
        assert docker("run", "--rm", image, "cat", f"{MODULES}/x") == "module"
        assert docker("run", "--rm", image, "ls", "/root/.cache") == "go-build"
    assert docker("run", "--rm", second.image, "cat", "/app/before") == "x"
    assert docker("run", "--rm", other.image, "sh", "-c", f"cat /app/before; ls {MODULES}") == ""
    assert docker("run", "--rm", second.image, "cat", "/app/net").split() != ["lo"]
    assert docker("run", "--rm", alone.image, "cat", "/app/net").split() == ["lo"]
    assert len(volumes(folder)) == 3  # the modules of each source, and the compiled packages of all
    assert docker("ps", "--all", "--quiet", "--filter", f"name=-{os.getpid()}-") == ""


@pytest.mark.slow
async def test_kept_downloads_count_as_disk_of_the_build_and_have_a_limit(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.builds.engine.container_executor._VOLUMES_S", 0.1)
    fill = f"head -c 30000000 /dev/zero > {MODULES}/big"
    place = GitPlace(folder / "shop", {"apprunner.yaml": go_config(fill)})
    async with builder_in(
        folder, shell_image(), limits=BuildLimits(disk_bytes=100 * 1024**2), downloads_bytes_max=10**6
    ) as builder:
        await built(builder, place)
        place.commit({"apprunner.yaml": go_config(f"ls {MODULES} > before")})
        application, steps = await built(builder, place)
        assert docker("run", "--rm", application.image, "cat", "/app/before") == ""
        assert any("exceed 1000000 bytes and are removed" in line for line in steps.lines)
    place.commit({"apprunner.yaml": go_config(f"{fill}; sleep 600")})
    async with builder_in(folder, shell_image(), limits=BuildLimits(disk_bytes=20 * 1024**2)) as builder:
        with pytest.raises(BuildFailed, match="the build took more than 20 MB of disk"):
            await built(builder, place)
