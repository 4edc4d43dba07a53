"""Tags of a local engine: which image they refer to, and when one may have moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, ClassVar

import pytest

from simulator.fleet.docker import image_tags
from simulator.fleet.docker.engine import EngineGone
from simulator.fleet.docker.image_tags import SURE_S, EngineTags
from simulator.world.tasks import Tasks
from tests.virtual import run_virtual


class Image:
    name = "sha256:1"


class Engine:
    """An engine whose events are sent by the test."""

    made: ClassVar[list[Engine]] = []

    def __init__(self, _host: str) -> None:
        self.events: asyncio.Queue[str] = asyncio.Queue()
        self.away = False
        Engine.made.append(self)

    async def image(self, names: tuple[str, ...]) -> Image | None:
        if self.away:
            raise EngineGone("away")
        return Image() if any("web" in name for name in names) else None

    async def image_events(self, _tasks: Tasks) -> AsyncIterator[str]:
        while True:
            yield await self.events.get()

    async def close(self) -> None: ...


def with_tags(monkeypatch: pytest.MonkeyPatch, test: Callable[[EngineTags, Engine], Coroutine[Any, Any, None]]) -> None:
    monkeypatch.setattr(image_tags, "Engine", Engine)

    async def main() -> None:
        async with Tasks("test") as tasks:
            tags = EngineTags("unix:///engine", tasks)
            await tags.identity("web:1")
            await test(tags, Engine.made[-1])

    run_virtual(main)


def test_an_event_means_that_a_tag_may_have_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(tags: EngineTags, engine: Engine) -> None:
        assert not await tags.moved(1.0)
        engine.events.put_nowait("tag")
        assert await tags.moved(1.0)
        assert not await tags.moved(1.0)

    with_tags(monkeypatch, test)


def test_without_events_all_tags_are_checked_at_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(tags: EngineTags, _engine: Engine) -> None:
        assert not await tags.moved(SURE_S - 1)
        assert await tags.moved(1.0)
        assert not await tags.moved(SURE_S - 1)

    with_tags(monkeypatch, test)


def test_a_missing_image_or_an_engine_that_is_away_has_no_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(tags: EngineTags, engine: Engine) -> None:
        assert await tags.identity("web:1") == "sha256:1"
        assert await tags.identity("api:1") is None
        assert await tags.identity("") is None
        engine.away = True
        assert await tags.identity("web:1") is None

    with_tags(monkeypatch, test)


def test_the_engine_is_not_contacted_before_a_tag_is_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    class Counted(Engine):
        def __init__(self, host: str) -> None:
            super().__init__(host)
            made.append(host)

    monkeypatch.setattr(image_tags, "Engine", Counted)

    async def main() -> None:
        async with Tasks("test") as tasks:
            tags = EngineTags("unix:///engine", tasks)
            assert not await tags.moved(1.0)
            assert made == []
            await tags.identity("web:1")
            await tags.identity("api:1")
            assert made == ["unix:///engine"]
            await tags.close()
            await EngineTags("unix:///engine", tasks).close()  # never used

    run_virtual(main)
