"""The web server of the console: its page, the feed as server-sent events, and commands. On loopback only.

Server-sent events suffice instead of WebSockets: the feed has one direction, browsers reconnect by themselves, and the
few commands in the other direction are requests with a token.
"""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from simulator.console.http.guard import RequestGuard
from simulator.console.http.server import guarded_app, page, rejected, said, stream_feed
from simulator.console.http.sse_hub import SseHub
from simulator.console.lessons.plays import LessonPlays
from simulator.console.lessons.web import add_lessons
from simulator.console.live.commands import CommandRejected
from simulator.web.files import web_text

_TO_LESSONS = '<nav aria-label="More"><a href="/lessons">Lessons</a></nav>'


class ConsoleBackend(Protocol):
    """The run's side of the server, on any event loop."""

    async def hello(self) -> bytes:
        """Return the messages for a page that has just been opened."""

    async def act(self, body: bytes) -> str:
        """Carry out a command and describe it. Raises CommandRejected."""

    def report(self) -> str | None:
        """Return the report of the run as a page, once the run is over."""


def build_app(
    backend: ConsoleBackend, hub: SseHub, guard: RequestGuard, lessons: LessonPlays | None = None
) -> web.Application:
    """Return the application for a `Site`. `lessons`: include the lessons."""
    app = guarded_app(guard)
    server = _Server(backend, hub, with_lessons=lessons is not None)
    app.router.add_get("/", server.page)
    app.router.add_get("/feed", server.feed)
    app.router.add_post("/act", server.act)
    app.router.add_get("/report.html", server.report)
    if lessons is not None:
        add_lessons(app, lessons)
    return app


class _Server:
    def __init__(self, backend: ConsoleBackend, hub: SseHub, *, with_lessons: bool) -> None:
        self._backend = backend
        self._hub = hub
        self._page = web_text("console.html")
        self._more = _TO_LESSONS if with_lessons else ""

    async def page(self, _: web.Request) -> web.Response:
        return page(self._page, {"MORE": self._more})

    async def report(self, _: web.Request) -> web.Response:
        text = self._backend.report()
        if text is None:
            return rejected(404, "the run is not over yet")
        return web.Response(text=text, content_type="text/html")

    async def act(self, request: web.Request) -> web.Response:
        try:
            done = await self._backend.act(await request.read())
        except CommandRejected as error:
            return rejected(400, str(error))
        return said({"said": done})

    async def feed(self, request: web.Request) -> web.StreamResponse:
        return await stream_feed(request, self._hub, self._backend.hello)
