from __future__ import annotations

from pathlib import Path

import pytest

from simulator.builds.git.local_refs import reference_files, seen
from tests.builds.places import GitPlace


@pytest.mark.parametrize("kind", ["working tree", "further working tree", "bare", "packed"])
def test_a_commit_to_the_branch_changes_its_ref_and_one_to_another_does_not(tmp_path: Path, kind: str) -> None:
    place = GitPlace(tmp_path / "clone", {"a": "1"})
    place.git("branch", "other")
    looked_at = place.folder
    if kind == "further working tree":
        looked_at = tmp_path / "further"
        place.git("worktree", "add", "--quiet", str(looked_at), "other")
    elif kind == "bare":
        looked_at = tmp_path / "bare.git"
        place.git("clone", "--quiet", "--bare", ".", str(looked_at))
    files = reference_files(str(looked_at), "main")
    before = seen(files)
    assert any(before)

    def commit(text: str, branch: str) -> None:
        if kind == "bare":
            place.commit({"a": text})
            place.git("push", "--quiet", str(looked_at), f"HEAD:{branch}")
        elif branch == "main":
            place.commit({"a": text})
        else:
            place.git("update-ref", f"refs/heads/{branch}", "HEAD")

    commit("1b", "other")
    assert seen(files) == before
    if kind == "packed":
        place.git("pack-refs", "--all")
        before = seen(files)
    commit("2", "main")
    assert seen(files) != before


def test_a_folder_that_is_not_a_local_clone_has_no_refs(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / ".git").write_bytes(b"\xff\x00")
    for place in ("https://github.com/example/app", str(tmp_path), str(tmp_path / "none"), "\0"):
        assert reference_files(place, "main") == ()
    assert seen(reference_files(str(tmp_path / "broken"), "main")) in {(), (None, None, None)}
