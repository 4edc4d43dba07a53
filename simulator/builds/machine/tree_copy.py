"""Copies the file trees of a build completely."""

from __future__ import annotations

import asyncio
from pathlib import Path

from simulator.builds.artifact import BuildFailed


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
    try:
        _, errors = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise BuildFailed(f"{source.name} could not be copied: {errors.decode(errors='replace').strip()[:300]}.")
