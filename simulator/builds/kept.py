"""Builds that are kept: a second build of the same inputs is the first one.

A build is made where it will be kept, because what package tools install knows its own path. It counts from the moment
its `built.json` is there; without one it is somebody's work in progress, or of nobody any more, and then it goes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from simulator.fleet.process_sweep import is_orphan, owner_name, remove
from simulator.world.private_files import own_private_folder, write_private

_DONE: Final = "built.json"
_FORMAT: Final = 2  # of what is kept; another number starts with an empty cache
_KEY_LENGTH: Final = 24


class Kept:
    """`folder` holds the builds. `count_max`: how many are kept besides those in use. Its methods block shortly."""

    def __init__(self, folder: Path, count_max: int) -> None:
        self._folder = folder
        self._count_max = count_max
        self._made = 0

    def open(self) -> None:
        """Makes the folder, and removes what simulators that were killed have left half done."""
        own_private_folder(self._folder)
        for entry in self._folder.iterdir():
            if not (entry / _DONE).exists() and is_orphan(entry.name.partition(".")[2]):
                remove(str(entry))

    def find(self, key: str) -> Path | None:
        """The build of that key, which is now the one that was used last."""
        for done in sorted(self._folder.glob(f"{key}.*/{_DONE}")):
            done.touch()
            return done.parent
        return None

    def place(self, key: str) -> Path:
        """Where a build of that key is to be made."""
        self._made += 1
        place = self._folder / f"{key}.{owner_name(os.getpid())}{self._made}"
        own_private_folder(place)
        return place

    def finish(self, place: Path, facts: Mapping[str, Any]) -> None:
        """From now on it is there."""
        write_private(place / _DONE, json.dumps(dict(facts)).encode())

    def drop(self, place: Path) -> None:
        remove(str(place))

    def shrink(self, in_use: Collection[Path]) -> None:
        """Those that were used longest ago go first."""
        idle = [done for done in self._folder.glob(f"*/{_DONE}") if done.parent not in in_use]
        idle.sort(key=lambda done: done.stat().st_mtime_ns, reverse=True)
        for done in idle[self._count_max :]:
            done.unlink()  # from here on it is not there, however long the removal takes
            remove(str(done.parent))


def key_of(inputs: Mapping[str, Any]) -> str:
    """The name of everything that decides what a build makes."""
    text = json.dumps({"format": _FORMAT, **inputs}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_LENGTH]
