"""Logs with a JSON object in each line: of this simulator, Envoy, nginx, Caddy, Traefik, Vegeta and k6.

A dialect is recognised by its keys. Sources: the documentation of each program on its access log or its results.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from simulator.ingest.blocks import Block, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.formats.instant import instant
from simulator.ingest.formats.logs.log_columns import only_requests
from simulator.ingest.input_file import InputFile

_SAMPLE: Final = 20
_NAN: Final = float("nan")

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The keys of a program's lines; `a.b` is key b of the object at key a.

    `duration_unit_s`: seconds per unit of the duration. `is_end`: the time is that of the end of the request.
    `chosen`: which lines are requests; None: all.
    """

    keys: tuple[str, ...]
    time: str
    duration: str
    duration_unit_s: float
    method: str
    path: str
    status: str
    sent_bytes: str = ""
    is_end: bool = False
    chosen: Callable[[Line], bool] | None = None


def _is_k6_request(line: Line) -> bool:
    return line.get("type") == "Point" and line.get("metric") == "http_req_duration"


SIMULATOR: Final = Dialect(
    ("time", "total_ms", "upstream_ms", "flags"), "time", "total_ms", 1e-3, "method", "path", "status", "sent_bytes"
)
ENVOY: Final = Dialect(
    ("start_time", "duration", "response_code"), "start_time", "duration", 1e-3, "method", "path", "response_code",
    "bytes_sent",
)  # fmt: skip
NGINX: Final = Dialect(
    ("time_iso8601", "request_time", "status"), "time_iso8601", "request_time", 1.0, "request_method", "request_uri",
    "status", "body_bytes_sent", is_end=True,
)  # fmt: skip
CADDY: Final = Dialect(
    ("ts", "duration", "request", "status"), "ts", "duration", 1.0, "request.method", "request.uri", "status", "size",
    is_end=True,
)  # fmt: skip
TRAEFIK: Final = Dialect(
    ("StartUTC", "Duration", "RequestMethod"), "StartUTC", "Duration", 1e-9, "RequestMethod", "RequestPath",
    "DownstreamStatus", "DownstreamContentSize",
)  # fmt: skip
VEGETA: Final = Dialect(
    ("attack", "seq", "timestamp", "latency"), "timestamp", "latency", 1e-9, "method", "url", "code", "bytes_in"
)
K6: Final = Dialect(
    ("metric", "type", "data"), "data.time", "data.value", 1e-3, "data.tags.method", "data.tags.url",
    "data.tags.status", is_end=True, chosen=_is_k6_request,
)  # fmt: skip


def _is_dialect(dialect: Dialect, file: InputFile) -> bool:
    lines = [found for line in file.first_lines[:_SAMPLE] if (found := _object(line.encode())) is not None]
    return bool(lines) and all(key in line for line in lines for key in dialect.keys)


def _requests(dialect: Dialect, file: InputFile, reading: Reading) -> Iterator[Block]:
    for first, lines in file.lines():
        found = [(first + at, line, _object(line)) for at, line in enumerate(lines) if line.strip()]
        reading.skipped += sum(one is None for _, _, one in found)
        chosen = [
            (number, one)
            for number, _, one in found
            if one is not None and (dialect.chosen is None or dialect.chosen(one))
        ]
        if chosen:
            yield _block(dialect, file, reading, chosen)


def _block(dialect: Dialect, file: InputFile, reading: Reading, lines: list[tuple[int, Line]]) -> Requests:
    """Return the requests of lines, each with its number."""
    times_s = np.array([instant(file, number, _value(line, dialect.time)) for number, line in lines], dtype=np.float64)
    duration_s = np.array([_number(_value(line, dialect.duration)) for _, line in lines]) * dialect.duration_unit_s
    requests = [
        f"{_value(line, dialect.method) or 'GET'} {_value(line, dialect.path) or '/'}".encode() for _, line in lines
    ]
    status = np.array([int(_number(_value(line, dialect.status), 0.0)) for _, line in lines], dtype=np.int64)
    sent = np.array([_number(_value(line, dialect.sent_bytes)) for _, line in lines]) if dialect.sent_bytes else None
    starts_s = times_s - np.nan_to_num(duration_s) if dialect.is_end else times_s
    return only_requests(Requests(starts_s, None, duration_s, reading.routes.numbers(requests), status, sent), reading)


def _object(line: bytes) -> Line | None:
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _value(line: Line, path: str) -> Any:
    value: Any = line
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _number(value: Any, default: float = _NAN) -> float:
    """Return a number, which some programs write as text; `default` for a value that is none."""
    if isinstance(value, bool) or value is None:
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        return default
    return number if 0 <= number < math.inf else default


def _format(name: str, title: str, dialect: Dialect, stamps_s: float = 0.0) -> Format:
    at = "end" if dialect.is_end else "start"
    return Format(
        name,
        title,
        partial(_is_dialect, dialect),
        partial(_requests, dialect),
        stamps_s=stamps_s,
        has_functions=False,
        kept=(f"`{dialect.time}` as the {at} of a request, `{dialect.duration}` as its duration",),
        dropped=("addresses, queries, and all other keys",),
    )


SIMULATOR_JSON: Final = _format("simulator-json", "JSON access log of this simulator", SIMULATOR)
ENVOY_JSON: Final = _format("envoy-json", "JSON access log of Envoy", ENVOY)
NGINX_JSON: Final = _format("nginx-json", "JSON access log of nginx", NGINX, stamps_s=1.0)
CADDY_JSON: Final = _format("caddy-json", "JSON access log of Caddy", CADDY)
TRAEFIK_JSON: Final = _format("traefik-json", "JSON access log of Traefik", TRAEFIK)
VEGETA_JSON: Final = _format("vegeta-json", "results of Vegeta (`vegeta encode`)", VEGETA)
K6_JSON: Final = _format("k6-json", "points of k6 (`k6 run --out json=F`)", K6)
