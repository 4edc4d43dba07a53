"""Copies the file trees of a build completely."""

from __future__ import annotations

import asyncio
from pathlib import Path

from simulator.builds.artifact import BuildFailed
from simulator.world.child_processes import ended_with


async def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder or a file. Links and special files are copied as such. Raises BuildFailed."""
    # cp instead of shutil: it shares blocks if the file system supports it, and does not block on a pipe without a
    # writer.
    process = await asyncio.create_subprocess_exec(
        *("cp", "-a", "--reflink=auto", "--no-target-directory", str(source), str(target)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    async with ended_with(process):
        _, errors = await process.communicate()
    if process.returncode != 0:
        raise BuildFailed(f"{source.name} could not be copied: {errors.decode(errors='replace').strip()[:300]}.")
