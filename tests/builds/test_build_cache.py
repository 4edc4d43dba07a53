"""The build cache: builds are found, marked as complete, removed, and evicted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator.builds.build_cache import BuildCache, key_of


@pytest.fixture
def cache(tmp_path: Path) -> BuildCache:
    cache = BuildCache(tmp_path / "builds", count_max=2)
    cache.open()
    return cache


def built(cache: BuildCache, key: str, age_s: float = 0) -> Path:
    place = cache.place(key)
    (place / "app").write_text(key, encoding="utf-8")
    cache.finish(place, {"key": key})
    at_s = 1e9 - age_s
    os.utime(place / "built.json", (at_s, at_s))
    return place


def test_a_build_is_found_once_it_is_complete(cache: BuildCache) -> None:
    place = cache.place("a" * 24)
    assert cache.find("a" * 24) is None
    cache.finish(place, {})
    assert cache.find("a" * 24) == place
    assert cache.find("b" * 24) is None
    assert place.stat().st_mode & 0o777 == 0o700


def test_two_builds_of_one_key_have_folders_of_their_own(cache: BuildCache) -> None:
    assert cache.place("a") != cache.place("a")


def test_the_least_recently_used_build_is_removed(cache: BuildCache) -> None:
    old, older, oldest = (built(cache, key, age_s) for key, age_s in (("a", 10), ("b", 20), ("c", 30)))
    cache.find("c")  # makes it the most recently used
    cache.shrink(())
    assert (old.exists(), older.exists(), oldest.exists()) == (True, False, True)


def test_builds_in_use_are_kept_and_do_not_count(cache: BuildCache) -> None:
    places = [built(cache, key, age_s) for key, age_s in (("a", 10), ("b", 20), ("c", 30), ("d", 40))]
    cache.shrink([places[3]])
    assert [place.exists() for place in places] == [True, True, False, True]


def test_a_dropped_build_is_gone(cache: BuildCache) -> None:
    place = cache.place("a")
    cache.drop(place)
    assert not place.exists()


def test_an_open_cache_removes_what_a_dead_process_left_unfinished(cache: BuildCache, tmp_path: Path) -> None:
    living = cache.place("a")
    owner = living.name.partition(".")[2]
    pid = str(os.getpid())
    assert pid in owner
    dead = living.with_name("b." + owner.replace(pid, str(2**22 + 1), 1))
    dead.mkdir()
    BuildCache(tmp_path / "builds", count_max=2).open()
    assert (living.exists(), dead.exists()) == (True, False)


def test_the_key_depends_on_every_input_and_not_on_their_order() -> None:
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})
    assert len({key_of({"a": 1}), key_of({"a": 2}), key_of({"b": 1}), key_of({})}) == 4
