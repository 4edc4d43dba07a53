"""Ephemeral storage of instances that are folders, measured periodically in a thread.

App Runner gives an instance 3 GB, including the image (facts 5.2); here the limit applies to the instance's folder,
including the copy of the working directory. A folder has no quota that an ordinary user could set, so it is measured,
so an instance can exceed its limit for up to one interval.

# ASSUMPTION: what happens to an instance whose storage is full is undocumented. Here it is ended; the alternative is a
# write that fails, as with a quota of a container engine. Settled by filling the storage of an App Runner instance.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

_BLOCK_BYTES: Final = 512  # unit of st_blocks, independent of the file system's block size
_BYTES_PER_MB: Final = 1024**2
# A pause lasts at least this multiple of the measurement, so that many files cost at most 2 % of a core.
_PAUSES: Final = 50


def used_bytes(folder: Path) -> int:
    """Return the disk space that the files in `folder` take, without holes; a file with several names counts for each.

    Not counted: deleted files that are still open, and files outside the folder. Blocks: call it in a thread.
    """
    used, folders = 0, [folder]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    used += _size_bytes(entry)
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
        except OSError:  # removed since it was listed, or not accessible
            continue
    return used


def _size_bytes(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_blocks * _BLOCK_BYTES
    except OSError:  # removed since it was listed
        return 0


async def watch(
    living: Callable[[], Iterable[tuple[Path, Callable[[str], None]]]], limit_bytes: int, interval_s: float
) -> None:
    """Measure the folders of the running instances in turn, and end instances over the limit; runs until cancelled.

    `living` returns folders, each with a function that ends its instance and takes the reason. One thread measures at a
    time: many files make the interval longer, not the load higher.
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
