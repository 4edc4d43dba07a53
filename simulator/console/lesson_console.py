"""The lessons on their own, in a browser: `simulator lesson --console`."""

from __future__ import annotations

from typing import Self

from aiohttp import web

from simulator.console.lesson_plays import LessonPlays
from simulator.console.lesson_web import add_lessons
from simulator.console.web_guard import Guard
from simulator.console.web_server import HOST, guarded_app


class LessonConsole:
    """An async context manager. Raises OSError when the port cannot be had. `name`: the lesson to begin with."""

    def __init__(self, port: int, name: str = "") -> None:
        self._wanted_port = port
        self._path = f"/lessons/{name}" if name else "/lessons"
        self._guard = Guard()
        self._plays = LessonPlays()
        app = guarded_app(self._guard)
        app.router.add_get("/", _to_lessons)
        add_lessons(app, self._plays)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, self._wanted_port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._guard.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._plays.close()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """With the token behind `#`, which browsers keep to themselves."""
        return f"http://{HOST}:{self._guard.port}{self._path}#token={self._guard.token}"


async def _to_lessons(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"location": "/lessons"})
