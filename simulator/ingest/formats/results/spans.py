"""Spans of distributed traces: OTLP in JSON (a document, or one in each line), and Jaeger's JSON.

Formats: opentelemetry-proto, trace.proto in its JSON mapping: times in nanoseconds since 1970, kind 2 is SERVER;
Jaeger's query API: times and durations in microseconds, tags with a type and a value. Attributes: OpenTelemetry's
semantic conventions for HTTP, old and new names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.ingest.blocks import Block, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.formats.json_document import document, items, starts_with
from simulator.ingest.input_file import InputFile

_SERVER: Final = frozenset({2, "SPAN_KIND_SERVER", "server"})
_METHOD: Final = ("http.request.method", "http.method")
_PATH: Final = ("http.route", "url.path", "http.target", "http.url", "url.full")
_STATUS: Final = ("http.response.status_code", "http.status_code")


class ServerSpan(NamedTuple):
    """A request as its server saw it."""

    service: str
    start_s: float
    duration_s: float
    request: bytes
    status: int


def _is_otlp(file: InputFile) -> bool:
    return starts_with(file, "resourceSpans")


def _otlp(file: InputFile, reading: Reading) -> Iterator[Block]:
    first = file.first_lines[0].strip()
    if len(file.first_lines) > 1 and first.endswith("}") and _loads(first.encode()) is not None:
        for _, lines in file.lines():
            found = [_loads(line) for line in lines if line.strip()]
            reading.skipped += sum(each is None for each in found)
            yield from _block(reading, [span for each in found if each is not None for span in _otlp_spans(each)])
        return
    yield from _block(reading, list(_otlp_spans(document(file))))


def _loads(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _otlp_spans(exported: Any) -> Iterator[ServerSpan]:
    for resource in items(exported, "resourceSpans"):
        service = _attributes(items(resource.get("resource"), "attributes")).get("service.name", "")
        for scope in (*items(resource, "scopeSpans"), *items(resource, "instrumentationLibrarySpans")):
            for span in items(scope, "spans"):
                if span.get("kind") in _SERVER:
                    start_s = int(span["startTimeUnixNano"]) / 1e9
                    duration_s = (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e9
                    attributes = _attributes(items(span, "attributes"))
                    yield _server_span(str(service), start_s, duration_s, attributes, str(span.get("name", "")))


def _is_jaeger(file: InputFile) -> bool:
    return starts_with(file, "data") and b'"spans"' in file.head and b'"traceID"' in file.head


def _jaeger(file: InputFile, reading: Reading) -> Iterator[Block]:
    spans = []
    for trace in items(document(file), "data"):
        processes = trace.get("processes") or {}
        for span in items(trace, "spans"):
            tags = {str(each.get("key")): each.get("value") for each in items(span, "tags")}
            if tags.get("span.kind") in _SERVER:
                service = str((processes.get(span.get("processID")) or {}).get("serviceName", ""))
                start_s, duration_s = float(span["startTime"]) / 1e6, float(span["duration"]) / 1e6
                spans.append(_server_span(service, start_s, duration_s, tags, str(span.get("operationName", ""))))
    yield from _block(reading, spans)


def _server_span(service: str, start_s: float, duration_s: float, tags: dict[str, Any], name: str) -> ServerSpan:
    words = name.split(" ", 1)
    method = next((str(tags[key]) for key in _METHOD if tags.get(key)), words[0] if len(words) == 2 else "GET")
    path = next((str(tags[key]) for key in _PATH if tags.get(key)), words[-1])
    status = next((tags[key] for key in _STATUS if tags.get(key)), 0)
    target = path if path.startswith(("/", "http")) else f"/{'-'.join(path.split())}"
    known = str(status).isdigit()
    return ServerSpan(
        service, start_s, max(0.0, duration_s), f"{method} {target}".encode(), int(status) if known else 0
    )


def _attributes(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return OTLP's attributes as a mapping; a value is an object with the name of its type as the only key."""
    return {str(each.get("key")): next(iter((each.get("value") or {"": None}).values())) for each in pairs}


def _block(reading: Reading, spans: list[ServerSpan]) -> Iterator[Requests]:
    if not spans:
        return
    services, starts, durations, requests, statuses = zip(*spans, strict=True)
    yield Requests(
        np.array(starts, dtype=np.float64),
        reading.functions.numbers(services),
        np.array(durations, dtype=np.float64),
        reading.routes.numbers(requests),
        np.array(statuses, dtype=np.int64),
    )


_KEPT: Final = ("start and duration of spans of kind SERVER; a service of the traces is a function",)
_GUESSED: Final = ("sampled traces have a part of the requests: give `scale` the inverse of the sampling ratio",)
_DROPPED: Final = ("all other spans: calls to databases and other services are part of the duration",)

OTLP_SPANS: Final = Format(
    "otlp-json", "OpenTelemetry spans in JSON (OTLP)", _is_otlp, _otlp, kept=_KEPT, guessed=_GUESSED, dropped=_DROPPED
)
JAEGER_SPANS: Final = Format(
    "jaeger-json", "traces of Jaeger in JSON", _is_jaeger, _jaeger, kept=_KEPT, guessed=_GUESSED, dropped=_DROPPED
)
