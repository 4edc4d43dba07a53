"""Invalid or malicious addresses and branches are rejected at once, with an error of one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.builds.artifact import BuildFailed, SourceDescription
from simulator.builds.git.repositories import Repositories, RepositorySettings
from tests.builds.places import REVISED, GitPlace, config


async def rejection(folder: Path, repository: str, branch: str = "main", **environment: str) -> str:
    repositories = Repositories(folder, RepositorySettings(environment=environment))
    with pytest.raises(BuildFailed) as failed:
        await repositories.fetch(SourceDescription(repository, branch))
    assert "\n" not in failed.value.reason
    return failed.value.reason


@pytest.mark.case("R17")
@pytest.mark.parametrize(
    "address", ["fd::0", "fd::17,17", "ext::sh -c touch% MARK", "other::x", "ftp://127.0.0.1:1/x", "bundle::x"]
)
async def test_only_known_transports_fetch(tmp_path: Path, address: str) -> None:
    reason = await rejection(tmp_path, address.replace("MARK", str(tmp_path / "mark")))
    assert "not allowed" in reason
    assert not (tmp_path / "mark").exists()


@pytest.mark.case("R17")
async def test_the_settings_may_allow_another(tmp_path: Path) -> None:
    reason = await rejection(tmp_path, "nohelper::x", GIT_ALLOW_PROTOCOL="nohelper")
    assert "not allowed" not in reason
    assert "nohelper" in reason


@pytest.mark.case("R18")
@pytest.mark.parametrize("address", ["\0", "a\0b", "a\nb", "\ud800", "-x", "--upload-pack=touch x", "\x1b[31m"])
async def test_an_invalid_address_is_rejected(tmp_path: Path, address: str) -> None:
    reason = await rejection(tmp_path, address)
    assert reason == f"repository = {address!r}, must be a URL or path of a git repository."
    assert await rejection(tmp_path, address, "") == reason


@pytest.mark.case("R18")
@pytest.mark.parametrize(
    "branch",
    ["\0", "\ud800", "main\n", "a b", "--upload-pack=x", "main:refs/heads/x", "../../x", "*", "+main", "a..b", "@{-1}"],
)
async def test_an_invalid_branch_name_is_rejected(tmp_path: Path, branch: str) -> None:
    assert await rejection(tmp_path, str(tmp_path), branch) == f"branch = {branch!r}, must be the name of a branch."


@pytest.mark.case("R18")
async def test_an_invalid_directory_is_rejected(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED)})
    repositories = Repositories(tmp_path / "clones", RepositorySettings())
    clone, commit = await repositories.fetch(SourceDescription(str(place.folder), "main"))
    for directory in ("\ud800", "\0"):
        with pytest.raises(BuildFailed):
            await repositories.tree(clone, commit, directory)


@pytest.mark.case("R2")
async def test_clones_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED)})
    repositories = Repositories(tmp_path / "clones", RepositorySettings())
    clone, _ = await repositories.fetch(SourceDescription(str(place.folder), "main"))
    assert [str(each) for each in clone.rglob("*") if each.stat().st_mode & 0o077] == []
