"""Trees of a build, copied with everything in them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from simulator.builds.built import BuildFailed


async def copy_tree(source: Path, target: Path) -> None:
    """A folder into another, or a file: links as links, special files as what they are. Raises BuildFailed."""
    # cp and not shutil: it shares blocks where the file system can, and does not wait for a pipe that nobody fills.
    process = await asyncio.create_subprocess_exec(
        *("cp", "-a", "--reflink=auto", "--no-target-directory", str(source), str(target)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, told = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise BuildFailed(f"{source.name} could not be copied: {told.decode(errors='replace').strip()[:300]}.")
