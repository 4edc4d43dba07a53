"""The console's web server: pages and scripts, the feed as server-sent events, and acts. On loopback only.

Server-sent events and not WebSockets: the feed goes one way, browsers connect again by themselves, and what goes the
other way are a few requests with a token.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final, Protocol

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from simulator.console.acts import ActRefused
from simulator.console.audience import Audience, Listener
from simulator.console.web_files import CHART_SCRIPT, MODULES, served_import_map, style_text, web_text
from simulator.console.web_guard import Guard

HOST: Final = "127.0.0.1"
SCRIPTS: Final = (*MODULES, "console", "feed", "controls")
# A comment now and then, so that a connection whose other end has gone is noticed.
HEARTBEAT_S: Final = 15.0
ACT_BYTES_MAX: Final = 4096
_FIELDS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Backstage(Protocol):
    """What the server asks of the run, whatever loop that is on."""

    async def hello(self) -> bytes:
        """The messages for a page that has just been opened."""

    async def act(self, body: bytes) -> str:
        """Carry out an act; what was done. Raises ActRefused."""

    def report(self) -> str | None:
        """The report of the run as a page, once it is over."""


def build_app(backstage: Backstage, audience: Audience, guard: Guard) -> web.Application:
    """The application; run it on 127.0.0.1 and tell `guard` the port."""
    app = web.Application(middlewares=[_guarded(guard)], client_max_size=ACT_BYTES_MAX)
    server = _Server(backstage, audience)
    app.router.add_get("/", server.page)
    app.router.add_get("/feed", server.feed)
    app.router.add_post("/act", server.act)
    app.router.add_get("/report.html", server.report)
    app.router.add_get("/web/{name}", server.script)
    return app


def _guarded(guard: Guard) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        why = guard.refuses_host(request.headers.get("host"))
        if why is None and request.method not in {"GET", "HEAD"}:
            why = guard.refuses_change(request.headers)
        answer = _refused(403, why) if why is not None else await handler(request)
        if not answer.prepared:
            for name, value in _FIELDS.items():
                answer.headers.setdefault(name, value)
        return answer

    return middleware


class _Server:
    def __init__(self, backstage: Backstage, audience: Audience) -> None:
        self._backstage = backstage
        self._audience = audience
        self._page = web_text("console.html").replace("%%LEGEND%%", web_text("legend.html").strip())
        self._files = {f"{name}.js": (web_text(f"{name}.js"), "text/javascript") for name in SCRIPTS}
        self._files["uPlot.js"] = (web_text(CHART_SCRIPT), "text/javascript")
        self._files["style.css"] = (style_text(), "text/css")

    async def page(self, _: web.Request) -> web.Response:
        """A nonce for the import map, the only script that stands in the page itself."""
        nonce = secrets.token_urlsafe(12)
        text = self._page.replace("%%NONCE%%", nonce).replace("%%MODULES%%", served_import_map(SCRIPTS, "/web"))
        policy = (
            f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
            "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return web.Response(text=text, content_type="text/html", headers={"content-security-policy": policy})

    async def script(self, request: web.Request) -> web.Response:
        found = self._files.get(request.match_info["name"])
        if found is None:
            return _refused(404, "no such file")
        return web.Response(text=found[0], content_type=found[1])

    async def report(self, _: web.Request) -> web.Response:
        text = self._backstage.report()
        if text is None:
            return _refused(404, "the run is not over yet")
        return web.Response(text=text, content_type="text/html")

    async def act(self, request: web.Request) -> web.Response:
        try:
            said = await self._backstage.act(await request.read())
        except ActRefused as error:
            return _refused(400, str(error))
        return web.Response(body=orjson.dumps({"said": said}), content_type="application/json")

    async def feed(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"content-type": "text/event-stream", **_FIELDS})
        await answer.prepare(request)
        # In the audience first: what is published while the whole is put together waits in its queue.
        listener = self._audience.enter()
        try:
            await answer.write(await self._backstage.hello())
            while not listener.closed:
                await answer.write(await self._next(listener))
        except (ConnectionError, asyncio.CancelledError):
            pass  # the page has gone; or the server goes
        finally:
            self._audience.leave(listener)
        return answer

    async def _next(self, listener: Listener) -> bytes:
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                news = await listener.take()
        except TimeoutError:
            return b": still here\n\n"
        if listener.behind:
            listener.behind = False
            return await self._backstage.hello()
        return news


def _refused(status: int, why: str) -> web.Response:
    return web.Response(status=status, body=orjson.dumps({"error": why}), content_type="application/json")
