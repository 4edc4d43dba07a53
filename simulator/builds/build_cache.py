"""The build cache: a second build with the same inputs returns the result of the first one.

A build is made in its final cache folder, because files that package tools install contain their own path. It is valid
once its `built.json` exists; without that file it is in progress or abandoned, and abandoned builds are removed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from simulator.fleet.process.confinement.sweep import is_orphan, owner_name, remove
from simulator.world.private_files import own_private_folder, write_private

_DONE: Final = "built.json"
_FORMAT: Final = 2  # version of the cache format; entries of other versions are ignored
_KEY_LENGTH: Final = 24


class BuildCache:
    """The cached builds.

    `folder` contains the builds. `count_max`: the number of kept builds besides those in use. The methods block
    briefly.
    """

    def __init__(self, folder: Path, count_max: int) -> None:
        self._folder = folder
        self._count_max = count_max
        self._made = 0

    def open(self) -> None:
        """Create the folder, and remove unfinished builds of simulators that were killed."""
        own_private_folder(self._folder)
        for entry in self._folder.iterdir():
            if not (entry / _DONE).exists() and is_orphan(entry.name.partition(".")[2]):
                remove(str(entry))

    def find(self, key: str) -> Path | None:
        """Return the build with that key and mark it as the most recently used."""
        for done in sorted(self._folder.glob(f"{key}.*/{_DONE}")):
            done.touch()
            return done.parent
        return None

    def place(self, key: str) -> Path:
        """Return the folder in which to make a build with that key."""
        self._made += 1
        place = self._folder / f"{key}.{owner_name(os.getpid())}{self._made}"
        own_private_folder(place)
        return place

    def finish(self, place: Path, facts: Mapping[str, Any]) -> None:
        """Mark the build as complete."""
        write_private(place / _DONE, json.dumps(dict(facts)).encode())

    def drop(self, place: Path) -> None:
        remove(str(place))

    def shrink(self, in_use: Collection[Path]) -> None:
        """Remove builds beyond `count_max`, the least recently used first."""
        idle = [done for done in self._folder.glob(f"*/{_DONE}") if done.parent not in in_use]
        idle.sort(key=lambda done: done.stat().st_mtime_ns, reverse=True)
        for done in idle[self._count_max :]:
            done.unlink()  # invalid from now on, however long the removal takes
            remove(str(done.parent))


def key_of(inputs: Mapping[str, Any]) -> str:
    """Hash all inputs that determine the result of a build."""
    text = json.dumps({"format": _FORMAT, **inputs}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_LENGTH]
