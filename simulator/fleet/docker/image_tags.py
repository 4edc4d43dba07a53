"""Which images the tags of a local engine refer to, and detection of tags that may have moved."""

from __future__ import annotations

import asyncio
from typing import Final

from simulator.fleet.docker.engine import Engine, EngineGone, EngineRejected
from simulator.model.images import ImageIdentifier
from simulator.world.tasks import Tasks

# Some builders move a tag without an event, so tags are also checked at this interval.
SURE_S: Final = 10.0

_AWAY_S: Final = 5.0  # pause between two attempts to read events if the engine does not answer


class EngineTags:
    """Tags of the engine at `host`. Events are read from the first call of `identity` on. Close it after `tasks`."""

    def __init__(self, host: str, tasks: Tasks) -> None:
        self._host = host
        self._engine: Engine | None = None
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._moved = asyncio.Event()
        self._looked_s = self._loop.time()

    async def identity(self, identifier: str) -> str | None:
        """Return the id of the image; None if there is no such image or the engine does not answer."""
        if self._engine is None:
            self._engine = Engine(self._host)
            self._tasks.spawn(self._follow_events(self._engine), "image tags")
        try:
            image = await self._engine.image(ImageIdentifier(identifier).local_names)
        except (EngineGone, EngineRejected, ValueError):
            return None
        return image.name if image is not None else None

    async def moved(self, within_s: float) -> bool:
        """Return True if any tag may have moved since the last call. Waits at most `within_s`."""
        try:
            async with asyncio.timeout(within_s):
                await self._moved.wait()
        except TimeoutError:
            if self._loop.time() < self._looked_s + SURE_S:
                return False
        self._moved.clear()
        self._looked_s = self._loop.time()
        return True

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.close()

    async def _follow_events(self, engine: Engine) -> None:
        while True:
            async for _ in engine.image_events(self._tasks):
                self._moved.set()
            await asyncio.sleep(_AWAY_S)
            self._moved.set()  # events may have been missed while the engine did not answer
