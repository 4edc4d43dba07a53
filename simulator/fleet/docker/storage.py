"""Ephemeral storage of containers, measured periodically if the engine has no quota for it.

The files that a container has written, its image and its volumes together count towards App Runner's 3 GB (facts 5.2).
The engine reports the first two; volumes are folders on this machine if the engine runs on it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Final

from simulator.fleet.docker.engine import Engine, EngineGone, EngineRejected, Quota
from simulator.fleet.docker.engine_address import is_local
from simulator.fleet.process.confinement.storage import used_bytes

_BYTES_PER_MB: Final = 1024**2
# A pause lasts at least this multiple of the measurement, so that many files cost at most 2 % of a core.
_PAUSES: Final = 50


async def watch(
    engine: Engine,
    living: Callable[[], Iterable[tuple[str, Callable[[str], None]]]],
    limit_bytes: int,
    interval_s: float,
) -> None:
    """Measure the running containers one after another, and end those that exceed the limit; runs until cancelled.

    `living` returns containers, each with a function that ends its instance and takes the reason.
    """
    loop = asyncio.get_running_loop()
    pause_s = interval_s
    while True:
        await asyncio.sleep(pause_s)
        began_s = loop.time()
        for container, end in list(living()):
            with contextlib.suppress(EngineGone, EngineRejected):
                used = await _used_bytes(engine, container)
                if used > limit_bytes:
                    end(
                        f"ephemeral storage is full: {used / _BYTES_PER_MB:.0f} MB used, the image included, "
                        f"{limit_bytes / _BYTES_PER_MB:.0f} MB allowed"
                    )
        pause_s = max(interval_s, _PAUSES * (loop.time() - began_s))


async def _used_bytes(engine: Engine, container: str) -> int:
    used, volumes = await engine.stored(container)
    if is_local(engine.host):
        loop = asyncio.get_running_loop()
        for folder in volumes:
            used += await loop.run_in_executor(None, used_bytes, folder)
    return used


def quota_bytes(quota: Quota, image_bytes: int, limit_bytes: int) -> int:
    """Return the quota with which image and files together take at most `limit_bytes`; 0 if the engine has no quota.

    Raises:
        ValueError: if the image alone exceeds the limit.
    """
    if quota is Quota.NONE:
        return 0
    if image_bytes >= limit_bytes:
        msg = (
            f"the image takes {image_bytes / _BYTES_PER_MB:.0f} MB, must be less than the "
            f"{limit_bytes / _BYTES_PER_MB:.0f} MB of storage that an instance has"
        )
        raise ValueError(msg)
    return limit_bytes if quota is Quota.WHOLE else limit_bytes - image_bytes
