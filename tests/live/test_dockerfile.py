"""The image of a Dockerfile, built by the real engine from a context, served, and built again."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.assembly.composition import compose_platform
from simulator.builds.artifact import BuildFailed, SourceDescription
from simulator.builds.dockerfile.builder import DockerfileBuilder, port_of, tag_of
from simulator.builds.settings import BuildSettings
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.platform.source_service import SourceService
from simulator.world.random_streams import RandomStreams
from tests.builds.steps import HeardSteps
from tests.live.docker_images import shell_image
from tests.live.test_source_applications import answers
from tests.live.waiting import PATIENCE_S

SERVER = 'CMD ["sh", "-c", "trap exit TERM; httpd -f -p 8000 -h /site & wait"]'


def docker(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=False)


def project(folder: Path, *lines: str) -> SourceDescription:
    folder.mkdir()
    (folder / "Dockerfile").write_text("\n".join([f"FROM {shell_image()}", *lines]) + "\n", encoding="utf-8")
    return SourceDescription(str(folder), "")


@contextlib.asynccontextmanager
async def builder_for(folder: Path) -> AsyncIterator[DockerfileBuilder]:
    builder = DockerfileBuilder(BuildSettings(folder / "builds"))
    try:
        yield builder
    finally:
        await builder.close()
        docker("rmi", tag_of(folder / "shop"))


@pytest.mark.slow
async def test_the_image_of_a_dockerfile_is_served_and_built_again_after_a_change(tmp_path: Path) -> None:
    source = project(tmp_path / "shop", "COPY . /site", "EXPOSE 8000/tcp 53/udp", SERVER)
    page = tmp_path / "shop" / "index.html"
    page.write_text("version ONE", encoding="utf-8")
    (tmp_path / "shop" / ".dockerignore").write_text("*.secret\n", encoding="utf-8")
    (tmp_path / "shop" / "a.secret").write_text("secret", encoding="utf-8")
    lines: list[str] = []
    async with builder_for(tmp_path) as builder:
        platform = compose_platform((), RandomStreams(1), live=LiveSettings(tmp_path))
        try:
            await platform.open()
            platform.start()
            service = platform.add("shop", ("shop.localhost",))
            serving = SourceService(platform, service, builder, source, lines.append, SecretsPlace())
            async with asyncio.timeout(2 * PATIENCE_S):
                await serving.deploy()
                first = serving.serves
                assert first is not None
                assert await answers(platform, service.host, 1) == [(200, "version ONE")]
                await serving.deploy()  # nothing has changed
                assert serving.serves is first
                page.write_text("version TWO", encoding="utf-8")
                await serving.deploy()
                assert await answers(platform, service.host, 1) == [(200, "version TWO")]
                assert serving.serves is not None
                await builder.drop_others(serving.serves)
                site = docker("run", "--rm", serving.serves.image, "ls", "/site").stdout.split()
        finally:
            await platform.close()
    assert site == ["Dockerfile", "index.html"]
    assert docker("image", "inspect", first.image).returncode != 0
    assert any(line.startswith("[Build] Step 2/4 : COPY . /site") for line in lines)
    assert "[AppRunner] The image exposes port 8000." in lines
    assert "[AppRunner] Performing health check on protocol `TCP` [Port: '8000']." in lines


@pytest.mark.slow
async def test_a_step_that_fails_ends_the_build_with_its_output(tmp_path: Path) -> None:
    source, steps = project(tmp_path / "shop", "RUN echo so far && exit 3"), HeardSteps()
    async with builder_for(tmp_path) as builder:
        with pytest.raises(BuildFailed, match=r"returned a non-zero code: 3\.$"):
            await builder.build(source, steps)
    assert "[Build] so far" in steps.lines


@pytest.mark.slow
async def test_syntax_of_buildkit_is_built_by_the_engines_buildkit(tmp_path: Path) -> None:
    """A cache mount keeps its files from build to build, and they are not in the image."""
    source = project(
        tmp_path / "shop",
        "COPY . /site",
        f"RUN --mount=type=cache,id={tmp_path},target=/kept echo $(ls /kept) && touch /kept/x",
    )
    async with builder_for(tmp_path) as builder:
        first = HeardSteps()
        await builder.build(source, first)
        (tmp_path / "shop" / "more").write_text("more", encoding="utf-8")
        second = HeardSteps()
        made = await builder.build(source, second)
        kept = docker("run", "--rm", made.image, "ls", "/kept").stdout
    assert "[Build] x" not in first.lines
    assert "[Build] x" in second.lines
    assert any(line.endswith("COPY . /site") for line in second.lines)
    assert kept == ""


@pytest.mark.slow
async def test_a_step_of_buildkit_that_fails_ends_the_build_with_its_output(tmp_path: Path) -> None:
    source, steps = (
        project(tmp_path / "shop", "RUN --mount=type=cache,target=/c printf 'so far' && exit 3"),
        HeardSteps(),
    )
    async with builder_for(tmp_path) as builder:
        with pytest.raises(BuildFailed, match=r"exit code: 3\.$"):
            await builder.build(source, steps)
    assert "[Build] so far" in steps.lines
    source = project(tmp_path / "other", "RUN --mount=type=secret,id=key,required=true true")
    async with builder_for(tmp_path) as builder:
        with pytest.raises(BuildFailed, match=r"^no active sessions\. `--mount=type=secret\|ssh` reads files of the"):
            await builder.build(source, steps)


async def test_a_missing_engine_is_reported_in_one_line(tmp_path: Path) -> None:
    engine = f"unix://{tmp_path}/none"
    builder = DockerfileBuilder(BuildSettings(tmp_path, engine=engine, engine_patience_s=0.1))
    with pytest.raises(BuildFailed, match=rf"^no container engine answers at {engine} within 0.1 s\.$"):
        await builder.build(SourceDescription(str(tmp_path), ""), HeardSteps())
    await builder.close()


def test_the_port_is_the_one_exposed_or_app_runners_own() -> None:
    assert [port_of(ports) for ports in ((), (3000,), (3000, 8080), (9000, 3000))] == [8080, 3000, 8080, 3000]
