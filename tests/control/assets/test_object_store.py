"""The store of templates and assets, in a folder and in memory."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from simulator.control.assets.object_store import ObjectStore
from simulator.model.resources.api_error import ApiError

KEYS = ["a.json", "..", "dir/b c.json", "dir/ü", "%2e"]


@pytest.mark.parametrize("in_memory", [False, True])
def test_objects_are_kept_by_bucket_and_key(tmp_path: Path, in_memory: bool) -> None:
    store = ObjectStore(None if in_memory else tmp_path / "assets")
    assert (store.buckets(), store.listed("bucket-1", ""), store.get("bucket-1", "none")) == ([], [], None)
    for key in KEYS:
        store.put("bucket-1", key, key.encode(), 5.0)
    store.put("bucket-2", "a.json", b"other", 5.0)
    assert [each.key for each in store.listed("bucket-1", "")] == sorted(KEYS)
    assert [each.content.decode() for each in store.listed("bucket-1", "dir/")] == ["dir/b c.json", "dir/ü"]
    assert store.buckets() == ["bucket-1", "bucket-2"]
    store.put("bucket-1", "a.json", b"new", 6.0)
    found = store.get("bucket-1", "a.json")
    assert found is not None
    assert (found.content, found.etag) == (b"new", '"22af645d1859cb5ca6da0c484f1f37ea"')
    store.remove("bucket-1", "a.json")
    store.remove("bucket-1", "a.json")
    assert store.get("bucket-1", "a.json") is None


def test_no_name_leaves_the_folder_and_only_the_owner_reads_it(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path / "assets")
    store.put("bucket-1", "../../out", b"x", 0.0)
    assert [each.name for each in tmp_path.iterdir()] == ["assets"]
    for path in (tmp_path / "assets", *(tmp_path / "assets").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    for bucket in ("..", "A", "a/b", "", "x" * 64):
        with pytest.raises(ApiError, match="bucket"):
            store.put(bucket, "key", b"", 0.0)
    with pytest.raises(ApiError, match="too long"):
        store.put("bucket-1", "ü" * 200, b"", 0.0)
