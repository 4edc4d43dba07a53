from __future__ import annotations

from pathlib import Path

import pytest

from simulator.builds.artifact import BuildFailed, SourceDescription
from simulator.builds.git.repositories import Repositories, RepositorySettings, leads_out
from tests.builds.places import GitPlace


def repositories(folder: Path) -> Repositories:
    (folder / "clones").mkdir()
    return Repositories(folder / "clones", RepositorySettings())


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_snapshot_has_the_folders_files_without_the_ignored_ones(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "node_modules").mkdir(parents=True)
    for name, text in {"a.txt": "a", ".gitignore": "*.log\n", "b.log": "b", "node_modules/c": "c"}.items():
        (project / name).write_text(text, encoding="utf-8")
    source, kept = SourceDescription(str(project), ""), repositories(tmp_path)
    clone, commit = await kept.fetch(source)
    (tmp_path / "out" / "app").mkdir(parents=True)
    await kept.lay_out(clone, commit, tmp_path / "out" / "app")
    assert names_in(tmp_path / "out" / "app") == [".gitignore", "a.txt"]
    assert (await kept.fetch(source))[1] == commit
    (project / "a.txt").write_text("other", encoding="utf-8")
    assert (await kept.fetch(source))[1] != commit
    assert ".git" not in names_in(project)


async def test_a_file_of_5_gb_in_a_folder_is_rejected_before_it_is_read(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    with (project / "big").open("wb") as big:
        big.truncate(5 * 1024**3)
    with pytest.raises(BuildFailed, match=r"big = 5368709120 bytes, must be at most 3221225472; or name it in"):
        await repositories(tmp_path).fetch(SourceDescription(str(project), ""))


@pytest.mark.parametrize(
    ("repository", "place"),
    [
        ("https://github.com/shop/web", "/clones/web"),
        ("https://github.com/shop/web.git", "/clones/web"),
        ("https://github.com/shop/api", "/all/api"),
        ("https://github.com/shopping/api", "https://github.com/shopping/api"),
        ("/local/path", "/local/path"),
    ],
)
def test_a_repository_url_is_mapped_to_a_local_clone(tmp_path: Path, repository: str, place: str) -> None:
    clones = {"https://github.com/shop": "/all", "https://github.com/shop/web": "/clones/web"}
    assert Repositories(tmp_path, RepositorySettings(clones)).place(repository) == place


async def test_a_missing_branch_is_named_in_the_error(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"a": "a"})
    with pytest.raises(BuildFailed, match=rf"branch = release, must be a branch of {place.folder}\."):
        await repositories(tmp_path).fetch(SourceDescription(str(place.folder), "release"))
    with pytest.raises(BuildFailed, match=r"/nowhere could not be fetched: "):
        await Repositories(tmp_path / "clones", RepositorySettings()).fetch(SourceDescription("/nowhere", "main"))


@pytest.mark.parametrize(
    ("path", "target", "out"),
    [
        ("a", "b", False),
        ("a/b", "../c", False),
        ("a/b", "../../c", True),
        ("a", "..", True),
        ("a", "/app/x", False),
        ("a", "/app/../etc", True),
        ("a", "/application", True),
    ],
)
def test_symbolic_links_that_leave_the_folder_are_found(path: str, target: str, out: bool) -> None:
    assert leads_out(path, target) is out
