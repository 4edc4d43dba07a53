"""Common parts of the listeners that use aiohttp: the check of host names, and the time limit for a request head."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from simulator.wire.own_names import AddressedRequest, OwnNames

# For a connection without a complete request head, whether new or kept alive. Before the head nothing is known about
# the client, so the time for which it can use resources is limited. aiohttp counts from the opening of the connection
# or from the last response; received bytes do not extend the time.
HEAD_S_MAX: Final = 20.0


class _Ours(logging.Filter):
    """Drops log records about malformed HTTP, which gets 400; otherwise any client could fill the log with them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


_log = logging.getLogger(__name__)
_log.addFilter(_Ours())


def listener_limits(head_s_max: float = HEAD_S_MAX) -> dict[str, Any]:
    """Return the keyword arguments with the limits for `web.Server` and `web.AppRunner`."""
    return {"keepalive_timeout": head_s_max, "access_log": None, "logger": _log}


def addressed_request(request: web.BaseRequest) -> AddressedRequest:
    """Return the parts of a request of aiohttp by which `OwnNames` decides."""
    fields = request.headers
    return AddressedRequest(request.scheme, request.method, request.raw_path, fields.getall("host", []), fields)


def guarding(names: OwnNames, rejected: Callable[[str], web.Response]) -> Middleware:
    """Return a middleware that responds to rejected requests with 403, in the format of the listener."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        why = names.rejection(addressed_request(request))
        return rejected(why) if why is not None else await handler(request)

    return middleware
