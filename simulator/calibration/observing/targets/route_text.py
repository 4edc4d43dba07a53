"""Parses the routes that a user writes: `GET /items/1:3`, `/search?q=a`, `POST /orders`, with bodies from files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from simulator.calibration.observing.observed_service import RouteLoad
from simulator.model.text.units import parse_number

_ROUTE: Final = re.compile(r"(?:(?P<method>[A-Za-z]+)\s+)?(?P<path>/\S*?)(?::(?P<weight>[0-9.eE+]+))?")
_BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
_BODY_BYTES_MAX: Final = 16 * 1024**2


def parse_routes(texts: Sequence[str]) -> tuple[RouteLoad, ...]:
    """Return the routes; `GET /` if there are none.

    Raises:
        ValueError: for a text that is no route, or a route that is given twice.
    """
    routes: list[RouteLoad] = []
    for text in texts:
        route = _route(text)
        if any(route.observed.name == other.observed.name for other in routes):
            msg = f"route = {text!r}, must be given once; a query is not part of a route's name"
            raise ValueError(msg)
        routes.append(route)
    return tuple(routes) or (RouteLoad(),)


def with_bodies(routes: Sequence[RouteLoad], texts: Sequence[str]) -> tuple[RouteLoad, ...]:
    """Return the routes with bodies. A text is `FILE` for the only route whose method has a body, or `ROUTE=FILE`.

    Raises:
        ValueError: for a text that names no route, or a file that cannot be read as text.
    """
    given = list(routes)
    for text in texts:
        name, separator, file = text.partition("=")
        places = [
            place
            for place, route in enumerate(given)
            if (name.strip() in {route.observed.name, route.path} if separator else route.method in _BODY_METHODS)
        ]
        if len(places) != 1:
            names = ", ".join(f"'{route.observed.name}=FILE'" for route in given)
            msg = f"body = {text!r}, must be one of {names}; or FILE, if one route has POST, PUT or PATCH"
            raise ValueError(msg)
        given[places[0]] = replace(given[places[0]], body=_body(Path(file if separator else text)))
    return tuple(given)


def parse_headers(texts: Sequence[str]) -> dict[str, str]:
    """Return the header fields, each `NAME: VALUE`.

    Raises:
        ValueError: for a text without a colon.
    """
    headers = {}
    for text in texts:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            msg = f"header = {text!r}, must be NAME: VALUE"
            raise ValueError(msg)
        headers[name.strip()] = value.strip()
    return headers


def _route(text: str) -> RouteLoad:
    match = _ROUTE.fullmatch(text.strip())
    try:
        weight = 1.0 if match is None or match["weight"] is None else parse_number(match["weight"])
    except ValueError:
        match, weight = None, 0.0
    if match is None or not 0 < weight < float("inf"):
        msg = f"route = {text!r}, must be [METHOD] /PATH[:WEIGHT], such as 'GET /items/1:3'"
        raise ValueError(msg)
    return RouteLoad(match["path"], (match["method"] or "GET").upper(), weight)


def _body(path: Path) -> str:
    try:
        if path.stat().st_size > _BODY_BYTES_MAX:
            msg = f"body = {path}, must have at most {_BODY_BYTES_MAX // 1024**2} MB"
            raise ValueError(msg)
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        msg = f"body = {path}, must be text in UTF-8"
        raise ValueError(msg) from None
    except OSError as error:
        msg = f"body = {path}, must be a file that can be read: {error.strerror}"
        raise ValueError(msg) from None
