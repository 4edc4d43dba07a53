"""Routes: the method and the path of requests, with the parts of the path replaced that differ from user to user.

So `GET /users/4711/orders?token=x` and `GET /users/12/orders` are the route `GET /users/{id}/orders`: queries are
dropped, and numbers, hashes, tokens, dates and e-mail addresses in a path are replaced. No value that identifies a
person or a session reaches the scenario.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

import numpy as np
from numpy.typing import NDArray

from simulator.ingest.names import Names

PLACEHOLDER: Final = "{id}"
OTHER: Final = "GET /{other}"
NO_ROUTE: Final = -1
# A path whose variable parts are not recognised would otherwise create a route for each request.
ROUTES_MAX: Final = 1_000
# Request lines whose route is remembered: each distinct one of a usual service, in some megabytes.
_KNOWN_MAX: Final = 50_000

_VARIABLE: Final = re.compile(
    rb"""\d[\d.,:_T+-]*Z?                                   # numbers, dates, times, versions of documents
    | [0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}  # UUID
    | (?=[^/]*\d)[0-9a-fA-F]{7,}                            # hash
    | (?=(?:[^/]*\d){3})[\w+=-]{16,}                        # token
    | [^/]*@[^/]*                                           # e-mail address
    | [^/]*[^\x21-\x7e][^/]*                                # text of users: not ASCII, or with spaces
    | [^/]{65,}
    """,
    re.VERBOSE,
)
# Names of files keep their ending: /assets/app.3f2a9c1b.js is /assets/{id}.js, /page/17.html is /page/{id}.html.
_FILE: Final = re.compile(rb"(?:[^/]*?[.-](?=[^/.]*\d)[0-9a-zA-Z_-]{8,}|\d[\d_-]*)((?:\.[a-z][a-z0-9]{0,4}){1,2})")
_REQUEST: Final = re.compile(rb"([A-Z]{3,16}) +([^ ]+)(?: +HTTP/[\d.]+)?")
_ORIGIN: Final = re.compile(rb"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")


class Routes:
    """Numbers the routes of request lines such as `GET /users/4711 HTTP/1.1`."""

    def __init__(self) -> None:
        self._names = Names()
        self._known: dict[bytes, int] = {}

    @property
    def names(self) -> list[str]:
        """The routes, such as `GET /users/{id}`; the index of a route is its number."""
        return self._names.names

    def numbers(self, requests: Sequence[bytes]) -> NDArray[np.int64]:
        """Return the numbers of the routes of consecutive request lines, -1 for a line that is no request."""
        known = self._known
        for request in dict.fromkeys(requests):
            if request in known:
                continue
            if len(known) >= _KNOWN_MAX:
                known.clear()  # the requests of this block are looked up below
                return self._without_memory(requests)
            known[request] = self._number(request)
        return np.fromiter(map(known.__getitem__, requests), dtype=np.int64, count=len(requests))

    def _without_memory(self, requests: Sequence[bytes]) -> NDArray[np.int64]:
        return np.fromiter(map(self._number, requests), dtype=np.int64, count=len(requests))

    def _number(self, request: bytes) -> int:
        route = route_of(request)
        if not route:
            return NO_ROUTE
        if len(self._names) >= ROUTES_MAX and route not in self._names:
            route = OTHER
        return self._names.number(route)


def route_of(request: bytes) -> str:
    """Return the route of a request line; empty if it is none."""
    found = _REQUEST.fullmatch(request.strip())
    if found is None:
        return ""
    path = _path(found[2])
    return f"{found[1].decode()} {path}" if path else ""


def _path(target: bytes) -> str:
    target = _ORIGIN.sub(b"", target, count=1) or b"/"
    path = re.split(rb"[?#;]", target, maxsplit=1)[0]
    if not path.startswith(b"/"):
        return "/" if path == b"*" else ""  # OPTIONS * asks for no resource
    return "/".join(_segment(segment) for segment in path.split(b"/"))


def _segment(segment: bytes) -> str:
    if not segment:
        return ""
    plain = unquote_to_bytes(segment)
    if _VARIABLE.fullmatch(plain):
        return PLACEHOLDER
    hashed = _FILE.fullmatch(plain)
    return PLACEHOLDER + hashed[1].decode() if hashed else segment.decode("ascii", errors="replace")
