"""Ephemeral storage of instances that are folders: measured now and then, beside the loop.

App Runner gives an instance 3 GB, what the image takes included (facts 5.2); here that is the instance's folder, the
copy of the working directory included. A folder has no quota of its own that an ordinary user could set, so it is
measured, and an instance may be over its limit for as long as an interval.

# ASSUMPTION: what happens to an instance whose storage is full is undocumented. A write that fails would be the other
# way (a container engine with a quota does that); settled by filling an instance of App Runner.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

_BLOCK_BYTES: Final = 512  # what st_blocks counts, whatever the file system's own blocks are
_BYTES_PER_MB: Final = 1024**2
# Pauses are at least so many times as long as measuring took: many files cost 2 % of a core and no more.
_PAUSES: Final = 50


def used_bytes(folder: Path) -> int:
    """What the files in `folder` take on the disk, holes left out, each file once for each name. Blocks: for a thread.

    Not seen: a file that is open and has no name any more, and what is written outside the folder.
    """
    used, folders = 0, [folder]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    used += _size_bytes(entry)
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
        except OSError:  # removed meanwhile, or closed to us
            continue
    return used


def _size_bytes(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_blocks * _BLOCK_BYTES
    except OSError:  # removed meanwhile
        return 0


async def watch(
    living: Callable[[], Iterable[tuple[Path, Callable[[str], None]]]], limit_bytes: int, interval_s: float
) -> None:
    """For ever: measure the folder of every living instance, one after another, and end those over the limit.

    `living` tells folders, and for each what ends its instance for a reason. One thread at a time; many files make the
    interval longer, not the work more.
    """
    loop = asyncio.get_running_loop()
    pause_s = interval_s
    while True:
        await asyncio.sleep(pause_s)
        began_s = loop.time()
        for folder, end in list(living()):
            used = await loop.run_in_executor(None, used_bytes, folder)
            if used > limit_bytes:
                end(
                    f"ephemeral storage is full: {used / _BYTES_PER_MB:.0f} MB used, "
                    f"{limit_bytes / _BYTES_PER_MB:.0f} MB allowed"
                )
        pause_s = max(interval_s, _PAUSES * (loop.time() - began_s))
