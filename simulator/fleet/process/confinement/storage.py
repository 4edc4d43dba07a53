"""Ephemeral storage of instances that are folders, measured periodically in a thread.

App Runner gives an instance 3 GB, including the image (facts 5.2); here the limit applies to the instance's folder,
including the copy of the working directory. A folder has no quota that an ordinary user could set, so it is measured,
and an instance may exceed its limit for as long as an interval.

# ASSUMPTION: what happens to an instance whose storage is full is undocumented. The alternative is a failing write (a
# container engine with a quota does that); settled by filling an instance of App Runner.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

_BLOCK_BYTES: Final = 512  # unit of st_blocks, whatever the file system's own block size is
_BYTES_PER_MB: Final = 1024**2
# A pause is at least this many times as long as the measurement: many files cost at most 2 % of a core.
_PAUSES: Final = 50


def used_bytes(folder: Path) -> int:
    """Return the disk space of the files in `folder`, without holes, each file once per name.

    Not counted: open files that have no name any more, and files written outside the folder. Blocks: call it in a
    thread.
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
    """Measure the folder of every running instance, one after another, and end those over the limit; runs forever.

    `living` returns folders, each with a function that ends its instance for a reason. One thread at a time; many files
    make the interval longer, not the load higher.
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
