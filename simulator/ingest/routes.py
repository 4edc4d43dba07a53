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
_WORD_MAX: Final = 64
# Names of files keep their ending: /assets/app.3f2a9c1b.js is /assets/{id}.js, /page/17.html is /page/{id}.html.
_FILE: Final = re.compile(rb"(?:[^/]*?[.-](?=[^/.]*\d)[0-9a-zA-Z_-]{8,}|\d[\d_-]*)((?:\.[a-z][a-z0-9]{0,4}){1,2})")
_REQUEST: Final = re.compile(rb"([A-Z]{3,16}) +([^ ]+)(?: +HTTP/[\d.]+)?")
# What makes most request lines of a service differ, replaced in a whole block of them before they are looked up.
# A query in the place of a method, behind capitals or at the start, would leave a request line that was none.
_QUERY: Final = re.compile(rb"[?#;](?<=[^A-Z \n].)[^ \n]*")
_NUMBER: Final = re.compile(
    rb"/(?<!HTTP/)(?:\d+|(?=[a-fA-F]*\d)[0-9a-fA-F]{7,}|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})(?=[/ \n])"
)
_END: Final = re.compile(rb"[?#;]")
_ORIGIN: Final = re.compile(rb"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")


class Routes:
    """Numbers the routes of request lines such as `GET /users/4711 HTTP/1.1`."""

    def __init__(self) -> None:
        self._names = Names()
        self._known: dict[bytes, int] = {}
        self._shapes: dict[bytes, int] = {}  # of request lines without their values

    @property
    def names(self) -> list[str]:
        """The routes, such as `GET /users/{id}`; the index of a route is its number."""
        return self._names.names

    def numbers(self, requests: Sequence[bytes]) -> NDArray[np.int64]:
        """Return the numbers of the routes of consecutive request lines, -1 for a line that is no request."""
        known = self._known
        new = [request for request in dict.fromkeys(requests) if request not in known]
        if len(known) + len(new) > _KNOWN_MAX:
            known.clear()
            new = list(dict.fromkeys(requests))
        shapes = _without_values(new)
        if len(self._shapes) > _KNOWN_MAX:
            self._shapes.clear()
        self._shapes.update(
            (shape, self._number(shape)) for shape in dict.fromkeys(shapes) if shape not in self._shapes
        )
        known.update(zip(new, map(self._shapes.__getitem__, shapes), strict=True))
        return np.fromiter(map(known.__getitem__, requests), dtype=np.int64, count=len(requests))

    def _number(self, request: bytes) -> int:
        route = route_of(request)
        if not route:
            return NO_ROUTE
        if len(self._names) >= ROUTES_MAX and route not in self._names:
            route = OTHER
        return self._names.number(route)


def _without_values(requests: Sequence[bytes]) -> Sequence[bytes]:
    """Return request lines without queries and with a placeholder for numbers and hashes: fewer, of the same routes."""
    text = b"\n".join(requests) + b"\n"
    if text.count(b"\n") != len(requests):  # a request of a JSON log has a line end in it
        return requests
    return _NUMBER.sub(b"/" + PLACEHOLDER.encode(), _QUERY.sub(b"", text)).split(b"\n")[:-1]


def route_of(request: bytes) -> str:
    """Return the route of a request line; empty if it is none."""
    found = _REQUEST.fullmatch(request.strip())
    if found is None:
        return ""
    path = _path(found[2])
    return f"{found[1].decode()} {path}" if path else ""


def _path(target: bytes) -> str:
    if not target.startswith(b"/"):
        target = _ORIGIN.sub(b"", target, count=1) or b"/"
    path = _END.split(target, maxsplit=1)[0]
    if not path.startswith(b"/"):
        return "/" if path == b"*" else ""  # OPTIONS * asks for no resource
    return "/".join([_segment(segment) for segment in path.split(b"/")])


def _segment(segment: bytes) -> str:
    if segment.isalpha() and len(segment) <= _WORD_MAX:  # ASCII letters only: never a value, and most segments
        return segment.decode()
    if not segment:
        return ""
    plain = unquote_to_bytes(segment) if b"%" in segment else segment
    if _VARIABLE.fullmatch(plain):
        return PLACEHOLDER
    hashed = _FILE.fullmatch(plain)
    return PLACEHOLDER + hashed[1].decode() if hashed else segment.decode("ascii", errors="replace")
