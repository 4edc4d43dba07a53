"""Builds in an image of the real engine: their results, their leftovers, and what stops them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import ServingSettings, open_serving
from simulator.builds.artifact import BuildArtifact, BuildFailed
from simulator.builds.engine.downloads import LABEL
from simulator.builds.engine.engine_builds import REPOSITORY
from simulator.builds.git.repositories import RepositorySettings
from simulator.builds.local import LocalBuilder
from simulator.builds.resource_limits import BuildLimits
from simulator.builds.settings import ALL_RUNTIMES, BuildSettings, RuntimeImages
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.docker.labels import OWNER
from simulator.fleet.process.confinement.sweep import owner_name
from simulator.platform.service_workload import WorkloadSettings
from simulator.world.clock import ClockKind, run
from tests.builds.places import ORIGINAL, REVISED, GitPlace, config
from tests.builds.steps import HeardSteps
from tests.live.docker_images import changed_image, python_image, shell_image, shell_image_with
from tests.live.test_serving import Stage
from tests.live.test_source_services import URL, create, operations
from tests.live.waiting import PATIENCE_S, until

WRITES = "echo built >> log; mkdir -p /elsewhere; echo x >> /elsewhere/file; cat /elsewhere/file"
TELLS = "cat /app/log; ls /elsewhere; echo build=$ONLY_BUILD user=$(id -u) at=$PWD; ls -a / /app"


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout.strip()


@contextlib.asynccontextmanager
async def builder_in(folder: Path, image: str = "", run_image: str = "", **limits: Any) -> AsyncIterator[LocalBuilder]:
    """Yield a builder. Afterwards nothing but kept images is left in the engine; these are removed."""
    image = image or shell_image()
    images = {ALL_RUNTIMES: RuntimeImages(image, run_image or image)}
    settings = BuildSettings(folder / "builds", limits=BuildLimits(**limits), images=images)
    builder = LocalBuilder(settings)
    try:
        yield builder
    finally:
        await builder.close()
        own = owner_name(os.getpid())
        left = docker("ps", "--all", "--quiet", "--filter", f"label={OWNER}={own}", "--filter", f"name={own}build")
        forget_images(folder)
        assert left == ""


def forget_images(folder: Path) -> None:
    for place in (folder / "builds" / "kept").glob("*/built.json"):
        place.unlink()
        docker("rmi", f"{REPOSITORY}:{place.parent.name}")
    for volume in volumes(folder):
        docker("volume", "rm", volume)


def volumes(folder: Path) -> list[str]:
    """The kept downloads of builds in the folder."""
    file = folder / "builds" / "engine-identity"
    identity = file.read_text(encoding="utf-8") if file.exists() else "none"
    return docker("volume", "ls", "--quiet", "--filter", f"label={LABEL}={identity}").splitlines()


async def built(builder: LocalBuilder, place: GitPlace) -> tuple[BuildArtifact, HeardSteps]:
    steps = HeardSteps()
    async with asyncio.timeout(PATIENCE_S):
        return await builder.build(place.source(), steps), steps


def told_by(application: BuildArtifact) -> str:
    """Return the files that the application's start command would find."""
    return docker("run", "--rm", application.image, "/bin/sh", "-c", TELLS)


@pytest.mark.slow
async def test_a_revised_build_runs_once_and_only_app_survives(tmp_path: Path) -> None:
    phases = {
        "pre_build": "echo first > log",
        "post_build": "echo after >> log; ls /elsewhere",
        "pre_run": "touch /new",
    }
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, WRITES, **phases), "a/file": "text"})
    async with builder_in(tmp_path) as builder:
        application, steps = await built(builder, place)
        told = told_by(application)
        image = docker("inspect", "--format", "{{json .Config}}", application.image)
    lines = told.splitlines()
    assert lines[:3] == ["first", "built", "build= user=0 at=/app"]  # and /elsewhere does not exist
    assert "new" in lines
    assert {"a", "apprunner.yaml", "log"} <= set(lines)
    assert "ONLY_BUILD" not in image
    assert f"[Build] Step 6/6 : RUN {WRITES}" in steps.lines
    assert [line for line in steps.lines if line in {"[Build] x", "[PostBuild] file"}] == [
        "[Build] x",
        "[PostBuild] file",
    ]
    assert application.environment["ONLY_RUN"] == "there"


@pytest.mark.slow
async def test_an_original_build_runs_its_build_commands_again_in_the_run_image(tmp_path: Path) -> None:
    phases = {"pre_build": "echo first > log; mkdir /before", "post_build": "ls -d /before"}
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(ORIGINAL, WRITES, **phases)})
    async with builder_in(tmp_path) as builder:
        application, steps = await built(builder, place)
        lines = told_by(application).splitlines()
    assert lines[:4] == ["first", "built", "built", "file"]
    assert "before" not in lines
    assert steps.lines.count("[Build] x") == 2
    assert "[Build] /before" in steps.lines


@pytest.mark.slow
@pytest.mark.parametrize("runtime", [REVISED, ORIGINAL])
async def test_the_run_image_is_deployed_and_the_build_image_is_not(tmp_path: Path, runtime: str) -> None:
    """The compiler is only in the build image, and the server's library only in the run image."""
    build, run = shell_image_with("compiler"), shell_image_with("library")
    command = "ls /compiler >> made 2>/dev/null || ls /library >> made"
    phases = {"post_build": "ls /compiler", "pre_run": "ls /library || ls /compiler"}
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(runtime, command, **phases)})
    async with builder_in(tmp_path, build, run) as builder:
        application, steps = await built(builder, place)
        told = docker("run", "--rm", application.image, "/bin/sh", "-c", "cat /app/made; ls /")
        async with builder_in(tmp_path, build, build) as other:
            again, _ = await built(other, place)
        assert not again.from_cache
    async with builder_in(tmp_path, build, "absent:1") as without:
        with pytest.raises(BuildFailed, match=r"^absent:1, the run image of .*, is not in the container engine"):
            await built(without, place)
    lines = told.splitlines()
    assert lines[: lines.index("app")] == (["/compiler"] if runtime == REVISED else ["/compiler", "/library"])
    assert "library" in lines
    assert "compiler" not in lines
    assert f"[AppRunner] The build image is {build}, the run image {run}." in steps.lines
    assert ("[PreRun] /library" in steps.lines) == (runtime == REVISED)
    assert "[Build] /compiler" in steps.lines or "[PostBuild] /compiler" in steps.lines


@pytest.mark.slow
async def test_a_run_image_needs_no_shell_if_nothing_is_run_in_it(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, "echo made > file")})
    async with builder_in(tmp_path, run_image=python_image()) as builder:
        application, _ = await built(builder, place)
        read = "print(open('/app/file').read())"
        assert docker("run", "--rm", application.image, "/usr/bin/python", "-I", "-S", "-c", read) == "made"


@pytest.mark.slow
async def test_a_build_is_cached_while_its_image_exists_and_keeps_that_image(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED)})
    async with builder_in(tmp_path) as builder:
        first, _ = await built(builder, place)
        again, _ = await built(builder, place)
        assert (again.from_cache, again.image) == (True, first.image)
        docker("rmi", first.image)
        again, _ = await built(builder, place)
        assert not again.from_cache
        builder._kept._count_max = 0
        place.commit({"more": "more"})
        second, _ = await built(builder, place)
        there = docker("images", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY).splitlines()
    assert again.image not in there
    assert second.image in there


async def rejection(tmp_path: Path, text: str, image: str = "", **limits: Any) -> str:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": text})
    async with builder_in(tmp_path, image, **limits) as builder:
        with pytest.raises(BuildFailed) as failed:
            await built(builder, place)
        assert list((tmp_path / "builds" / "kept").iterdir()) == []
    return failed.value.reason


async def test_a_missing_image_is_reported_in_one_line(tmp_path: Path) -> None:
    shell_image()
    assert await rejection(tmp_path, config(REVISED), "absent-has:this") == (
        "absent-has:this, the build image of NODEJS_22, is not in the container engine at unix:///var/run/docker.sock "
        "(no registry is asked): get it by `docker pull`, `docker build` or `simulator runtimes build NODEJS_22`, or "
        "name another in the setting."
    )


async def test_an_unreachable_engine_is_reported_in_one_line(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED)})
    images, engine = {"NODEJS_22": RuntimeImages.of_one("any:1")}, f"unix://{tmp_path}/none"
    settings = BuildSettings(tmp_path / "builds", images=images, engine=engine, engine_patience_s=0.1)
    builder = LocalBuilder(settings)
    with pytest.raises(
        BuildFailed, match=r"^any:1, the build image of NODEJS_22, is not available: no container engine"
    ):
        await built(builder, place)
    await builder.close()


@pytest.mark.slow
async def test_images_without_a_shell_or_with_a_volume_at_app_are_rejected(tmp_path: Path) -> None:
    reason = await rejection(tmp_path / "a", config(REVISED), python_image())
    assert reason == "The container engine could not build: its image must have /bin/sh, which runs the commands."
    reason = await rejection(tmp_path / "b", config(REVISED), changed_image("VOLUME /app/data"))
    assert reason.endswith("= an image with a volume at /app/data, must have none at or around /app.")


async def test_a_command_that_fails_ends_the_build_and_leaves_nothing(tmp_path: Path) -> None:
    assert await rejection(tmp_path, config(REVISED, "echo so far; exit 3")) == (
        "[Build] `echo so far; exit 3` ended with exit code 3."
    )


@pytest.mark.parametrize(
    ("command", "limits", "why"),
    [
        ("trap '' TERM; while :; do sleep 60; done", {"duration_s": 2}, "the build took more than 2 s"),
        ("b() { b | b & }; b; sleep 600", {"processes": 40}, "the build took more than 40 processes"),
        ("truncate -s 5G big", {}, "the build wrote a file of more than 3072 MB"),
        (
            "i=0; while :; do i=$((i+1)); head -c 4000000 /dev/zero > /f$i; sleep 0.05; done",
            {"disk_bytes": 50 * 1024**2},
            "the build took more than 50 MB of disk",
        ),
        ("x=a; while :; do x=$x$x; done", {"memory_mb": 64}, "the build took more than 64 MB of memory"),
    ],
    ids=["never ends", "forks for ever", "long file", "fills the disk", "memory"],
)
@pytest.mark.slow
async def test_a_hostile_build_is_stopped(tmp_path: Path, command: str, limits: dict[str, Any], why: str) -> None:
    reason = await rejection(tmp_path, config(REVISED, command), **limits)
    assert reason == f"[Build] `{command}` was stopped: {why}."


@pytest.mark.slow
async def test_a_build_has_no_privileges(tmp_path: Path) -> None:
    command = "mknod disk b 254 0 || mount -t proc p /mnt || chroot / true || echo no"
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, command)})
    async with builder_in(tmp_path) as builder:
        _, steps = await built(builder, place)
    assert "[Build] no" in steps.lines


@pytest.mark.slow
async def test_a_build_that_is_cancelled_leaves_no_container(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, "echo begun; sleep 600")})
    async with builder_in(tmp_path) as builder:
        steps = HeardSteps()
        building = asyncio.get_running_loop().create_task(builder.build(place.source(), steps))
        async with asyncio.timeout(PATIENCE_S):
            while "[Build] begun" not in steps.lines:  # noqa: ASYNC110 there is no event for it
                await asyncio.sleep(0.02)
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
        assert list((tmp_path / "builds" / "kept").iterdir()) == []


CONFIG = """
version: 1.0
runtime: nodejs22
build:
  commands:
    build: ["mkdir -p www; echo {version} > www/index.html"]
run:
  command: sh -c "trap exit TERM; httpd -f -p 9000 -h www & wait"
  network:
    port: 9000
"""


@pytest.mark.slow
def test_a_service_of_the_api_runs_what_was_built_through_push_pause_and_restart(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "clone", {"service-a/apprunner.yaml": CONFIG.format(version="ONE")})
    clones = RepositorySettings({URL: str(place.folder)})
    builds = BuildSettings(
        tmp_path / "builds", repositories=clones, images={"NODEJS_22": RuntimeImages.of_one(shell_image())}
    )
    settings = ServingSettings(
        ControlPlaneSettings(tmp_path / "state", listener=None),
        LiveSettings(tmp_path / "state"),
        WorkloadSettings(startup_probe_s=0.02, stop_grace_s=5.0, settle_s=1.0),
        builds=builds,
    )

    async def main() -> None:
        async with await open_serving(settings) as serving:
            stage = Stage(serving)
            arn, host = create(stage)
            await stage.settled()
            assert await stage.get(host) == (200, "ONE\n"), stage.lines(arn, "")
            stage.call("PauseService", ServiceArn=arn)
            await stage.settled()
            stage.call("ResumeService", ServiceArn=arn)
            await stage.settled()
            assert await stage.get(host) == (200, "ONE\n")
            place.commit({"service-a/apprunner.yaml": CONFIG.format(version="TWO")})
            await until(lambda: operations(stage, arn)[0] == "START_DEPLOYMENT")
            await stage.settled()
            assert await stage.get(host) == (200, "TWO\n")
        async with await open_serving(settings) as serving:
            stage = Stage(serving)
            service = None
            async with asyncio.timeout(PATIENCE_S):
                while service is None or service.revision is None or not service.pool.ready:
                    service = serving.workload.service(arn)
                    await asyncio.sleep(0.02)
            assert await stage.get(host) == (200, "TWO\n")
            stage.call("DeleteService", ServiceArn=arn)
            await stage.settled()

    try:
        run(ClockKind.REAL, main)
    finally:
        forget_images(tmp_path)
