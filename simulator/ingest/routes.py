"""Routes: the method and the path of requests, with the parts of the path replaced that differ from user to user.

So `GET /users/4711/orders?token=x` and `GET /users/12/orders` are the route `GET /users/{id}/orders`: queries are
dropped, and numbers, hashes, tokens, dates and e-mail addresses in a path are replaced. Names of users and of articles
look like words of the application, but there are many of them in one place of a path: where more than `CROWD_MIN`
different ones follow the same beginning, they are replaced too, except those that many requests have. No value that
identifies a person or a session reaches the scenario, unless exact paths are asked for.
"""

from __future__ import annotations

import re
from collections import defaultdict
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
# So many routes are kept while names of users are learned to be such.
_NAMES_MAX: Final = 10_000
CROWD_MIN: Final = 100
# A name in a crowded place that a larger share of the requests of this place has is a word of the application.
_WORD_SHARE: Final = 0.02
# Request lines whose route is remembered: each distinct one of a usual service, in some megabytes.
_KNOWN_MAX: Final = 50_000

_VARIABLE: Final = re.compile(
    rb"""[+]?\d[\d.,:_T+-]*Z?                               # numbers, dates, times, telephone numbers
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
    """Numbers the routes of request lines such as `GET /users/4711 HTTP/1.1`.

    `exact`: a route is the method, the path and the query as they are.
    """

    def __init__(self, *, exact: bool = False) -> None:
        self._exact = exact
        self._names = Names()
        self._requests: NDArray[np.float64] = np.zeros(0)  # of each route
        self._known: dict[bytes, int] = {}
        self._shapes: dict[bytes, int] = {}  # of request lines without their values
        self._crowds = _Crowds()
        self._room = ROUTES_MAX

    @property
    def names(self) -> list[str]:
        """The routes, such as `GET /users/{id}`, by their numbers. Routes that are one have the same name."""
        names = self._names.names
        if self._exact:
            return names
        crowds = _Crowds()
        crowds.learn(names, self._requests.tolist())
        return [crowds.template(name) for name in names]

    def numbers(self, requests: Sequence[bytes]) -> NDArray[np.int64]:
        """Return the numbers of the routes of consecutive request lines, -1 for a line that is no request."""
        known = self._known
        new = [request for request in dict.fromkeys(requests) if request not in known]
        if len(known) + len(new) > _KNOWN_MAX:
            known.clear()
            new = list(dict.fromkeys(requests))
        shapes = new if self._exact else _without_values(new)
        if len(self._shapes) > _KNOWN_MAX:
            self._shapes.clear()
        self._shapes.update(
            (shape, self._number(shape)) for shape in dict.fromkeys(shapes) if shape not in self._shapes
        )
        known.update(zip(new, map(self._shapes.__getitem__, shapes), strict=True))
        numbers = np.fromiter(map(known.__getitem__, requests), dtype=np.int64, count=len(requests))
        self._count(numbers)
        return numbers

    def _count(self, numbers: NDArray[np.int64]) -> None:
        counts = np.bincount(numbers[numbers >= 0], minlength=len(self._names)).astype(np.float64)
        counts[: len(self._requests)] += self._requests
        self._requests = counts

    def _number(self, request: bytes) -> int:
        route = _exact_route(request) if self._exact else self._crowds.template(route_of(request))
        if not route:
            return NO_ROUTE
        if len(self._names) >= self._room and route not in self._names:
            route = self._with_room(route)
        return self._names.number(route)

    def _with_room(self, route: str) -> str:
        """Return a name for a route that is one too many: that of all whose last part differs, or `OTHER`."""
        if not self._exact and self._room < _NAMES_MAX and self._crowds.learn(self._names.names):
            self._room += ROUTES_MAX
            route = self._crowds.template(route)
        return route if len(self._names) < self._room or route in self._names else OTHER


class _Crowds:
    """The places of paths where too many different names are: what is before the place, and the names that are kept."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], frozenset[str]] = {}

    def learn(self, names: Sequence[str], requests: Sequence[float] | None = None) -> bool:
        """Find the crowded places of routes; return True if there are new ones.

        `requests`: of each route; without them all names are kept that are there already.
        """
        before = len(self._kept)
        paths = [name.partition(" ")[2].split("/") for name in names]
        counts = [1.0] * len(names) if requests is None else requests
        for at in range(1, max(map(len, paths), default=0)):
            places: dict[tuple[str, ...], dict[str, float]] = {}
            for path, count in zip(paths, counts, strict=True):
                if at < len(path):
                    found = places.setdefault(tuple(path[:at]), defaultdict(float))
                    found[path[at]] += count
            for place, found in places.items():
                values = [value for value in found if _is_name(value)]
                if len(values) > CROWD_MIN:
                    least = 0.0 if requests is None else _WORD_SHARE * sum(found.values())
                    self._kept[place] = frozenset(value for value in values if found[value] >= least)
            for path in paths:
                self._replace(path, at)
        return len(self._kept) > before

    def template(self, name: str) -> str:
        """Return the route with `{id}` in crowded places, unless its name there is kept."""
        if not self._kept:
            return name
        method, space, path = name.partition(" ")
        segments = path.split("/")
        for at in range(1, len(segments)):
            self._replace(segments, at)
        return f"{method}{space}{'/'.join(segments)}"

    def _replace(self, path: list[str], at: int) -> None:
        if at < len(path) and _is_name(path[at]):
            kept = self._kept.get(tuple(path[:at]))
            if kept is not None and path[at] not in kept:
                path[at] = PLACEHOLDER


def _is_name(segment: str) -> bool:
    return bool(segment) and not segment.startswith("{")


def _without_values(requests: Sequence[bytes]) -> Sequence[bytes]:
    """Return request lines without queries and with a placeholder for numbers and hashes: fewer, of the same routes."""
    text = b"\n".join(requests) + b"\n"
    if text.count(b"\n") != len(requests):  # a request of a JSON log has a line end in it
        return requests
    return _NUMBER.sub(b"/" + PLACEHOLDER.encode(), _QUERY.sub(b"", text)).split(b"\n")[:-1]


def _exact_route(request: bytes) -> str:
    """Return method, path and query of a request line; empty if it is none."""
    found = _REQUEST.fullmatch(request.strip())
    if found is None:
        return ""
    target = _ORIGIN.sub(b"", found[2], count=1)
    path = target if target.startswith(b"/") else b"/" + target.lstrip(b"*")
    return f"{found[1].decode()} {path.decode('ascii', errors='replace')}"


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
