"""Child processes that end with the block that uses them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def ended_with(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """Kill the process at the end of the block if it still runs, and wait until it has ended and its pipes are closed.

    Without this, a process whose reader is cancelled or has timed out would run on, and its pipes would stay open until
    garbage collection.
    """
    try:
        yield
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()  # reads the rest, without which a full pipe would never close
