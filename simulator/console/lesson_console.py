"""The lessons without a run, in a browser: `simulator lesson --console`."""

from __future__ import annotations

from typing import Self

from aiohttp import web

from simulator.console.http.guard import RequestGuard
from simulator.console.http.server import Site, guarded_app
from simulator.console.lessons.plays import LessonPlays
from simulator.console.lessons.web import add_lessons


class LessonConsole:
    """The lessons in a browser, as an async context manager. Raises OSError if the port is not available.

    `name`: the first lesson to show.
    """

    def __init__(self, port: int, name: str = "") -> None:
        self._path = f"/lessons/{name}" if name else "/lessons"
        self._guard = RequestGuard()
        self._plays = LessonPlays()
        app = guarded_app(self._guard)
        app.router.add_get("/", _to_lessons)
        add_lessons(app, self._plays)
        self._site = Site(app, self._guard, port)

    async def __aenter__(self) -> Self:
        await self._site.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._plays.close()
        await self._site.close()

    @property
    def url(self) -> str:
        return self._guard.url(self._path)


async def _to_lessons(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"location": "/lessons"})
