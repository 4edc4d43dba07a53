"""Common parts of the console's servers: access control, scripts, pages with their security policy, the feed."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from simulator.console.http.guard import HOST, RequestGuard
from simulator.console.http.sse_hub import SseClient, SseHub
from simulator.web.files import CHART_SCRIPT, MODULES, served_import_map, style_text, web_text
from simulator.wire.listening import listening
from simulator.wire.web_listener import addressed_request, listener_limits

SCRIPTS: Final = (*MODULES, "console", "feed", "controls", "sending", "lesson", "lessons")
# Seconds between comments, so that a connection is closed whose other end no longer exists.
HEARTBEAT_S: Final = 15.0
_GOODBYE_S: Final = 1.0
BODY_BYTES_MAX: Final = 4096
_FIELDS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


def guarded_app(guard: RequestGuard) -> web.Application:
    """Return an application that serves the scripts, to be run by a `Site`. `guard` checks all requests."""
    app = web.Application(middlewares=[_guarded(guard)], client_max_size=BODY_BYTES_MAX)
    files = {f"{name}.js": (web_text(f"{name}.js"), "text/javascript") for name in SCRIPTS}
    files["uPlot.js"] = (web_text(CHART_SCRIPT), "text/javascript")
    files["style.css"] = (style_text(), "text/css")

    async def script(request: web.Request) -> web.Response:
        found = files.get(request.match_info["name"])
        if found is None:
            return rejected(404, "no such file")
        return web.Response(text=found[0], content_type=found[1])

    app.router.add_get("/web/{name}", script)
    return app


class Site:
    """An application on a loopback port, which is set in `guard`. Port 0 selects a free one."""

    def __init__(self, app: web.Application, guard: RequestGuard, port: int) -> None:
        self._runner = web.AppRunner(app, shutdown_timeout=_GOODBYE_S, **listener_limits())
        self._guard = guard
        self._port = port

    async def open(self) -> None:
        """Begin to listen. Raises OSError if the port is not available; then `close` is not needed."""
        await self._runner.setup()
        try:
            with listening(HOST, self._port):
                await web.TCPSite(self._runner, HOST, self._port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._guard.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        await self._runner.cleanup()


def _guarded(guard: RequestGuard) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        why = guard.rejects(addressed_request(request))
        if why is None and request.method not in {"GET", "HEAD"}:
            why = guard.rejects_change(request.headers)
        answer = rejected(403, why) if why is not None else await handler(request)
        if not answer.prepared:
            for name, value in _FIELDS.items():
                answer.headers.setdefault(name, value)
        return answer

    return middleware


def page(template: str, parts: Mapping[str, str]) -> web.Response:
    """Return the page with each `%%NAME%%` replaced.

    Its security policy allows only the import map as inline script.
    """
    nonce = secrets.token_urlsafe(12)
    given = {"NONCE": nonce, "MODULES": served_import_map(SCRIPTS, "/web"), "LEGEND": web_text("legend.html").strip()}
    given |= parts
    policy = (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
        "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    # Replaced in one pass, so that the text of a part is never read as a placeholder.
    text = re.sub(r"%%([A-Z]+)%%", lambda found: given[found[1]], template)
    return web.Response(text=text, content_type="text/html", headers={"content-security-policy": policy})


def said(answer: Mapping[str, Any]) -> web.Response:
    """Encode an answer to a script of the page."""
    return web.Response(body=orjson.dumps(answer), content_type="application/json")


def rejected(status: int, why: str) -> web.Response:
    return web.Response(status=status, body=orjson.dumps({"error": why}), content_type="application/json")


async def stream_feed(request: web.Request, hub: SseHub, hello: Callable[[], Awaitable[bytes]]) -> web.StreamResponse:
    """Send server-sent events to one page, until the page or the server ends. `hello` returns the complete state."""
    answer = web.StreamResponse(headers={"content-type": "text/event-stream", **_FIELDS})
    await answer.prepare(request)
    # Register first: messages that are published while the complete state is prepared are queued.
    listener = hub.enter()
    try:
        await answer.write(await hello())
        while not listener.closed:
            await answer.write(await _next(listener, hello))
    except (ConnectionError, asyncio.CancelledError):
        pass  # the page was closed, or the server is shutting down
    finally:
        hub.leave(listener)
    return answer


async def _next(listener: SseClient, hello: Callable[[], Awaitable[bytes]]) -> bytes:
    try:
        async with asyncio.timeout(HEARTBEAT_S):
            news = await listener.take()
    except TimeoutError:
        return b": still here\n\n"
    if listener.behind:
        listener.behind = False
        return await hello()
    return news
