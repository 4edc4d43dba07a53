from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.builds.artifact import BuildArtifact, BuildFailed, CodeValues
from simulator.builds.local import LocalBuilder
from simulator.builds.settings import BuildSettings, RuntimeImages
from simulator.fleet.process.confinement.isolation import find_namespaces, mount_plan_for
from simulator.model.resources.phase import Phase
from simulator.world.private_files import repair_modes
from tests.builds.places import ORIGINAL, REVISED, GitPlace, config, local_builder
from tests.builds.steps import HeardSteps


@contextlib.asynccontextmanager
async def builder_in(folder: Path, **settings: object) -> AsyncIterator[LocalBuilder]:
    builder = local_builder(folder, **settings)  # type: ignore[arg-type]
    try:
        yield builder
    finally:
        await builder.close()
        left = [entry.name for entry in (folder / "builds" / "work").glob("*")]
        assert left == []


async def built(builder: LocalBuilder, place: GitPlace) -> tuple[BuildArtifact, HeardSteps]:
    steps = HeardSteps()
    return await builder.build(place.source(), steps), steps


def told_by(application: BuildArtifact, folder: Path) -> str:
    """Return the output of the application as an instance: in a copy of its folder, with its environment and a port."""
    (folder / "tmp").mkdir(parents=True)
    subprocess.run(["cp", "-a", str(application.folder), str(folder / "app")], check=True)
    set_up = application.set_up
    assert set_up is not None
    mount_plan = mount_plan_for(folder, application.command, application.environment, (), shown=set_up.shown)
    done = subprocess.run(
        find_namespaces().command(mount_plan, application.command, set_up.command, as_root=True),
        cwd=folder / "app",
        env={**application.environment, "PORT": "4711"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout + done.stderr


TELLS = "#!/bin/sh\npwd; ls /app /elsewhere 2>&1; cat log; echo build=$ONLY_BUILD run=$ONLY_RUN port=$PORT\n"
WRITES = "echo built >> log; mkdir -p /elsewhere; echo x >> /elsewhere/file; cat /elsewhere/file"


def start_of(place: GitPlace) -> None:
    (place.folder / "start").write_text(TELLS, encoding="utf-8")
    (place.folder / "start").chmod(0o755)
    place.commit({})


async def test_a_revised_build_runs_once_and_only_app_survives(tmp_path: Path) -> None:
    place = GitPlace(
        tmp_path / "shop",
        {"apprunner.yaml": config(REVISED, WRITES, pre_build="echo first > log", post_build="echo after >> log; ls")},
    )
    start_of(place)
    async with builder_in(tmp_path) as builder:
        application, steps = await built(builder, place)
        assert (application.folder / "log").read_text() == "first\nbuilt\n"
        told = told_by(application, tmp_path / "instance")
        assert "No such file or directory" in told  # /elsewhere
        assert "build= run=there port=4711" in told
        assert told.startswith("/app\n")
    assert steps.phases == [Phase.SOURCE_PULLED, Phase.BUILDING]
    assert "[PreBuild] Step 1/4 : FROM nodejs22-build AS pre-build-stage" in steps.lines
    assert f"[Build] Step 6/6 : RUN {WRITES}" in steps.lines
    assert "[Build] x" in steps.lines
    assert "[PostBuild] log" in steps.lines


async def test_an_original_build_runs_its_build_commands_twice(tmp_path: Path) -> None:
    place = GitPlace(
        tmp_path / "shop",
        {
            "apprunner.yaml": config(
                ORIGINAL, WRITES, pre_build="echo first > log; mkdir /before", post_build="ls /before"
            )
        },
    )
    start_of(place)
    async with builder_in(tmp_path) as builder:
        application, steps = await built(builder, place)
        assert (application.folder / "log").read_text() == "first\nbuilt\nbuilt\n"
        told = told_by(application, tmp_path / "instance")
        assert "/elsewhere:\nfile" in told  # made by the second run, in the run image
    assert [line for line in steps.lines if line == "[Build] x"] == ["[Build] x"] * 2  # each image is new


async def test_changes_of_pre_run_outside_app_are_visible_in_instances(tmp_path: Path) -> None:
    place = GitPlace(
        tmp_path / "shop",
        {"apprunner.yaml": config(REVISED, pre_run="mkdir /elsewhere; echo $ONLY_BUILD > /elsewhere/a")},
    )
    start_of(place)
    async with builder_in(tmp_path) as builder:
        application, _ = await built(builder, place)
        assert "/elsewhere:\na" in told_by(application, tmp_path / "instance")


async def test_without_namespaces_the_build_runs_in_the_folder_itself(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, "echo $ONLY_BUILD > log; pwd")})
    start_of(place)
    async with builder_in(tmp_path, namespaces=False) as builder:
        application, steps = await built(builder, place)
        assert (application.folder / "log").read_text() == "here\n"
        told = told_by(application, tmp_path / "instance")
        assert told.startswith(str(tmp_path / "instance" / "app"))
    assert any("the path /app does not exist (namespaces are switched off)" in line for line in steps.lines)


@pytest.mark.case("P38")
async def test_a_toolchain_in_a_temporary_folder_is_seen_by_builds_and_instances(tmp_path: Path) -> None:
    """All files of these tests are in one, and other files in it are invisible."""
    (tmp_path / "theirs").write_text("theirs", encoding="utf-8")
    build = f"node --version; ls {tmp_path}/theirs || true"
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, build, "node --version")})
    async with builder_in(tmp_path) as builder:
        application, steps = await built(builder, place)
        assert "[Build] v22.21.1" in steps.lines
        assert f"[Build] ls: cannot access '{tmp_path}/theirs': No such file or directory" in steps.lines
        assert told_by(application, tmp_path / "instance") == "v22.21.1\n"


async def test_commands_run_in_the_source_directory_of_the_whole_repository(tmp_path: Path) -> None:
    place = GitPlace(
        tmp_path / "shop",
        {"a/b/apprunner.yaml": config(REVISED, "cat ../../shared.txt; pwd", "sh start.sh"), "shared.txt": "shared\n"},
    )
    place.commit({"a/b/start.sh": "pwd\n"})
    async with builder_in(tmp_path) as builder:
        steps = HeardSteps()
        application = await builder.build(place.source(source_directory="/a/b"), steps)
        assert {"[Build] shared", "[Build] /app/a/b"} <= set(steps.lines)
        assert told_by(application, tmp_path / "instance") == "/app/a/b\n"


async def test_values_of_the_api_have_precedence_over_the_repositorys_file(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": "not: right"})
    values = CodeValues("NODEJS_22", "echo api > log", "cat log", 3000, {"A": "b"})
    async with builder_in(tmp_path) as builder:
        application = await builder.build(place.source(values=values), HeardSteps())
        assert (application.port, application.environment["A"]) == (3000, "b")
        assert told_by(application, tmp_path / "instance") == "api\n"


async def test_an_unchanged_source_is_built_once_and_a_changed_one_again(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, "echo made")})
    async with builder_in(tmp_path) as builder:
        first, _ = await built(builder, place)
        again, steps = await built(builder, place)
        assert (again.from_cache, again.duration_s, again.folder) == (True, 0.0, first.folder)
        assert "[Build] made" not in steps.lines
        place.commit({"more.txt": "more"})
        changed, steps = await built(builder, place)
        assert not changed.from_cache
        assert changed.duration_s > 0
        assert "[Build] made" in steps.lines
        before = await builder.build(place.source(), HeardSteps(), first.commit)
        assert (before.folder, before.commit) == (first.folder, first.commit)


async def test_a_finished_build_is_cached_across_starts_and_an_unfinished_one_is_not(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED)})
    async with builder_in(tmp_path) as builder:
        first, _ = await built(builder, place)
    half = half_done(tmp_path / "builds" / "kept")
    builder = local_builder_again(tmp_path)
    try:
        again, _ = await built(builder, place)
        assert again.folder == first.folder
        assert not half.exists()
    finally:
        await builder.close()


def local_builder_again(folder: Path) -> LocalBuilder:
    (folder / "toolchains").rename(folder / "before")
    return local_builder(folder)


def half_done(kept: Path) -> Path:
    """Create the files that a simulator leaves if it is killed during a build."""
    namespace = Path("/proc/self/ns/pid").stat().st_ino
    half = kept / f"0.apprunner-{namespace}-{2**22 - 1}-1-1"
    half.mkdir()
    return half


async def test_builds_in_use_are_never_evicted(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED)})
    async with builder_in(tmp_path) as builder:
        first, _ = await built(builder, place)
        last = first
        builder._kept._count_max = 1
        builder.keep([first])
        for number in range(3):
            place.commit({"number": str(number)})
            last, _ = await built(builder, place)
        assert first.folder.exists()
        assert last.folder != first.folder
        assert last.folder.exists()
        assert len(list((tmp_path / "builds" / "kept").iterdir())) == 3


async def test_a_command_that_fails_ends_the_build_and_leaves_nothing(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, "echo so far; exit 3")})
    async with builder_in(tmp_path) as builder:
        with pytest.raises(BuildFailed, match=r"\[Build\] `echo so far; exit 3` ended with exit code 3\."):
            await built(builder, place)
        assert list((tmp_path / "builds" / "kept").iterdir()) == []


async def test_each_problem_of_the_file_is_a_log_line(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": "version: 3\nruntime: nodejs20\n"})
    async with builder_in(tmp_path) as builder:
        with pytest.raises(BuildFailed, match=r"4 problems, the first: 1:1: build = nothing") as failed:
            await built(builder, place)
    assert len(failed.value.lines) == 4
    assert failed.value.lines[0].startswith("[AppRunner] apprunner.yaml:1:1: ")


async def test_a_cancelled_build_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, "echo begun; sleep 60 & sleep 60")})
    begun = asyncio.Event()

    class Listening(HeardSteps):
        def log(self, line: str) -> None:
            if line == "[Build] begun":
                begun.set()

    async with builder_in(tmp_path) as builder:
        task = asyncio.get_running_loop().create_task(builder.build(place.source(), Listening()))
        await begun.wait()
        assert sleepers_of(tmp_path)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert list((tmp_path / "builds" / "kept").iterdir()) == []
        assert sleepers_of(tmp_path) == []


def sleepers_of(folder: Path) -> list[Path]:
    """Return the processes that sleep with a path of `folder` in their environment."""
    return [
        path
        for path in Path("/proc").glob("[0-9]*/environ")
        if str(folder).encode() in _read(path) and b"sleep" in _read(path.with_name("cmdline"))
    ]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.case("R2")
async def test_cached_builds_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    """Files of applications keep their modes, in folders that no other user may enter."""
    before = os.umask(0o022)
    try:
        place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED)})
        async with builder_in(tmp_path) as builder:
            await built(builder, place)
            folders = [each for each in (tmp_path / "builds").glob("*/*") if each.is_dir()]
            assert folders != []
            assert [str(each) for each in (tmp_path / "builds", *folders) if each.stat().st_mode & 0o077] == []
    finally:
        os.umask(before)
    assert repair_modes(tmp_path) == 0


async def test_an_offline_build_without_images_of_its_runtime_is_rejected(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED)})
    images = {"GO_1": RuntimeImages.of_one("golang:1.18")}
    builder = LocalBuilder(BuildSettings(tmp_path / "builds", images=images, offline=True))
    with pytest.raises(BuildFailed, match=r"^NODEJS_22 has no images, offline builds need them"):
        await built(builder, place)
    await builder.close()
