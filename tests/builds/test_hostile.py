"""Malicious input is rejected or stopped with a clear line, and nothing outside the build is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator.builds.artifact import BuildFailed
from simulator.fleet.process.confinement.cgroup import NoGroupsError
from simulator.fleet.process.confinement.group_search import find_home
from tests.builds.places import REVISED, GitPlace, config
from tests.builds.steps import HeardSteps
from tests.builds.test_local import builder_in, built

HOSTNAME = Path("/etc/hostname")


async def rejection(tmp_path: Path, place: GitPlace, directory: str = "/", **settings: object) -> str:
    async with builder_in(tmp_path, **settings) as builder:
        with pytest.raises(BuildFailed) as failed:
            await builder.build(place.source(source_directory=directory), HeardSteps())
        kept = tmp_path / "builds" / "kept"
        assert not kept.exists() or list(kept.iterdir()) == []
    return failed.value.reason


@pytest.mark.parametrize("target", ["/etc", "../../outside", "a/../../../outside"])
async def test_a_symbolic_link_out_of_the_repository_is_rejected(tmp_path: Path, target: str) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED)})
    (place.folder / "deep").mkdir()
    (place.folder / "deep" / "out").symlink_to(target)
    place.commit({})
    reason = await rejection(tmp_path, place)
    assert reason == f"deep/out = a link to {target}, must stay in the repository."


async def test_a_symbolic_link_within_the_repository_is_accepted(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, "cat deep/in deep/absolute"), "file": "x\n"})
    (place.folder / "deep").mkdir()
    (place.folder / "deep" / "in").symlink_to("../file")
    (place.folder / "deep" / "absolute").symlink_to("/app/file")
    place.commit({})
    async with builder_in(tmp_path) as builder:
        _, steps = await built(builder, place)
    assert steps.lines.count("[Build] x") == 2


@pytest.mark.parametrize(
    ("directory", "reason"),
    [
        ("/../x", "SourceDirectory = /../x, must be absolute and without `..`, such as /service."),
        ("a", "SourceDirectory = a, must be absolute and without `..`, such as /service."),
        ("/none", "SourceDirectory = /none, must be a directory of the repository."),
        ("/link", "SourceDirectory = /link, must be a directory of the repository."),
    ],
)
async def test_a_missing_source_directory_is_rejected(tmp_path: Path, directory: str, reason: str) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED)})
    (place.folder / "link").symlink_to(".")
    place.commit({})
    assert await rejection(tmp_path, place, directory) == reason


async def test_a_file_that_is_too_large_is_rejected_before_it_is_written(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED)})
    with (place.folder / "big").open("wb") as big:
        big.truncate(2 * 1024**2)
    place.commit({})
    assert await rejection(tmp_path, place, bytes_max=1024**2) == "big = 2097152 bytes, must be at most 1048576."


async def test_a_build_that_writes_a_file_of_5_gb_is_stopped(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, "truncate -s 5G big")})
    reason = await rejection(tmp_path, place)
    assert reason == "[Build] `truncate -s 5G big` was stopped: the build wrote a file of more than 3072 MB."


async def test_a_build_that_fills_the_disk_is_stopped(tmp_path: Path) -> None:
    command = "i=0; while :; do i=$((i+1)); head -c 4000000 /dev/zero > f$i; sleep 0.02; done"
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, command)})
    reason = await rejection(tmp_path, place, disk_bytes=50 * 1024**2)
    assert reason.endswith("was stopped: the build took more than 50 MB of disk.")


async def test_a_build_that_never_ends_is_stopped(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, "sleep 600 & trap '' TERM INT; wait")})
    reason = await rejection(tmp_path, place, duration_s=1.5)
    assert reason.endswith("was stopped: the build took more than 1.5 s.")


@pytest.mark.case("R8")
async def test_a_build_that_forks_for_ever_is_stopped(tmp_path: Path) -> None:
    try:
        home = find_home()
    except NoGroupsError as error:
        pytest.skip(f"no control groups: {error}")
    if home.version == 1 and "pids" not in home.directories:
        pytest.skip("processes are not counted by this machine's control groups")
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, "b() { b | b & }; b; sleep 600")})
    reason = await rejection(tmp_path, place, processes=60, duration_s=120)
    assert reason.endswith("was stopped: the build took more than 60 processes.")


@pytest.mark.skipif(os.geteuid() != 0, reason="the layer over the machine is the same, but only root could write there")
async def test_a_build_cannot_change_the_machine(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("whole", encoding="utf-8")
    changes = f"rm -f {victim}; echo broken > {victim}; rm -f /etc/hostname"
    command = f"{changes}; mknod disk b 254 0 || mount -t proc p /mnt || echo no"
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, command)})
    async with builder_in(tmp_path) as builder:
        _, steps = await built(builder, place)
    assert victim.read_text(encoding="utf-8") == "whole"
    assert is_there(HOSTNAME)
    assert "[Build] no" in steps.lines


def is_there(path: Path) -> bool:
    return path.exists()


async def test_an_alias_bomb_in_a_repository_is_one_line(tmp_path: Path) -> None:
    levels = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 12))
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": f"x0: &x0 [lol, lol]\n{levels}"})
    assert (await rejection(tmp_path, place)).startswith("apprunner.yaml has 1 problem: 1:5: x")
