"""Shared parts of the listeners on aiohttp: the check of their names, and the time limit of a head."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from simulator.wire.own_names import Asked, OwnNames

# For a connection without a complete request head, new or kept alive. Nothing is known of the client before the head,
# so the resources it holds are bounded by time. aiohttp counts from the opening, or from the last answer; received
# bytes do not extend it.
HEAD_S_MAX: Final = 20.0


class _Ours(logging.Filter):
    """Drops log records of malformed HTTP, which is answered with 400: any client could fill the log with them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


_log = logging.getLogger(__name__)
_log.addFilter(_Ours())


def listener_limits(head_s_max: float = HEAD_S_MAX) -> dict[str, Any]:
    """Return keyword arguments for `web.Server` and `web.AppRunner`."""
    return {"keepalive_timeout": head_s_max, "access_log": None, "logger": _log}


def asked_of(request: web.BaseRequest) -> Asked:
    fields = request.headers
    return Asked(request.scheme, request.method, request.raw_path, fields.getall("host", []), fields)


def guarding(names: OwnNames, rejected: Callable[[str], web.Response]) -> Middleware:
    """Return a middleware that answers 403, in the listener's own form, to rejected requests."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        why = names.rejection(asked_of(request))
        return rejected(why) if why is not None else await handler(request)

    return middleware
