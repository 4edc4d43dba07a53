"""Ephemeral storage of containers, where the engine has no quota for it: measured now and then.

What a container has written, its image and its volumes count together against App Runner's 3 GB (facts 5.2). The engine
tells the first two; volumes are folders of this machine when the engine is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Final

from simulator.fleet.docker_engine import Engine, EngineGone, EngineRejected, Quota, is_local
from simulator.fleet.process_storage import used_bytes

_BYTES_PER_MB: Final = 1024**2
# Pauses are at least so many times as long as measuring took: many files cost 2 % of a core and no more.
_PAUSES: Final = 50


async def watch(
    engine: Engine,
    living: Callable[[], Iterable[tuple[str, Callable[[str], None]]]],
    limit_bytes: int,
    interval_s: float,
) -> None:
    """For ever: measure every living container, one after another, and end those over the limit.

    `living` tells containers, and for each what ends its instance for a reason.
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
    """What the engine is told, so that image and files together take `limit_bytes` at most; 0 where it has no quota.

    Raises:
        ValueError: when the image alone takes more.
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
