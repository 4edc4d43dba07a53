"""What our listeners on aiohttp have in common: the guard of their names, and how long a head may take."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from simulator.wire.own_names import Asked, OwnNames

# For a connection without a whole request head, new or kept alive. Before it nothing is known of the client, so what
# it holds is bounded by time. aiohttp counts from the opening, or from the answer before; bytes that come do not help.
HEAD_S_MAX: Final = 20.0


class _Ours(logging.Filter):
    """What is no HTTP is answered with 400. It is no fault of ours, and anybody could fill the log with it."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


_log = logging.getLogger(__name__)
_log.addFilter(_Ours())


def listener_limits(head_s_max: float = HEAD_S_MAX) -> dict[str, Any]:
    """Keyword arguments of `web.Server` and `web.AppRunner`."""
    return {"keepalive_timeout": head_s_max, "access_log": None, "logger": _log}


def asked_of(request: web.BaseRequest) -> Asked:
    fields = request.headers
    return Asked(request.scheme, request.method, request.raw_path, fields.getall("host", []), fields)


def guarding(names: OwnNames, rejected: Callable[[str], web.Response]) -> Middleware:
    """Answers 403 in the listener's own form to requests that are rejected."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        why = names.rejection(asked_of(request))
        return rejected(why) if why is not None else await handler(request)

    return middleware
