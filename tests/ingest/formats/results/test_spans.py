from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.ingest.dataset_files import imported


def exported(start_ns: int, kind: object = 2) -> dict[str, object]:
    span = {
        "name": "GET /items/{item}",
        "kind": kind,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + 250_000_000),
        "attributes": [
            {"key": "http.request.method", "value": {"stringValue": "GET"}},
            {"key": "http.route", "value": {"stringValue": "/items/{item}"}},
            {"key": "http.response.status_code", "value": {"intValue": "200"}},
        ],
    }
    client = {**span, "kind": 3}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {}, "spans": [span, client]}]}]}


@pytest.mark.parametrize("in_lines", [True, False])
def test_spans_of_servers_are_requests(tmp_path: Path, in_lines: bool) -> None:
    exports = [exported(1_796_032_800_500_000_000), exported(1_796_032_803_500_000_000, "SPAN_KIND_SERVER")]
    file = tmp_path / "spans.json"
    if in_lines:
        file.write_text("".join(json.dumps(each) + "\n" for each in exports))
    else:
        merged = {"resourceSpans": [resource for each in exports for resource in each["resourceSpans"]]}  # type: ignore[attr-defined]
        file.write_text(json.dumps(merged, indent=2))

    (service,) = imported(file).services

    assert service.function == "shop"
    assert service.times_s is not None
    assert service.durations_s is not None
    np.testing.assert_allclose(service.times_s, [0, 3], atol=1e-6)
    np.testing.assert_allclose(service.durations_s, [0.25, 0.25], atol=1e-6)
    assert [(route.method, route.path) for route in service.routes] == [("GET", "/items/{item}")]
    assert service.statuses[2] == 2


def test_spans_of_servers_in_jaeger_are_requests(tmp_path: Path) -> None:
    tags = [
        {"key": "span.kind", "type": "string", "value": "server"},
        {"key": "http.method", "type": "string", "value": "POST"},
        {"key": "http.target", "type": "string", "value": "/pay/17?x=1"},
        {"key": "http.status_code", "type": "int64", "value": 503},
    ]
    spans = [
        {"traceID": "a", "processID": "p1", "startTime": 1_796_032_800_500_000, "duration": 250_000, "tags": tags},
        {"traceID": "a", "processID": "p1", "startTime": 1_796_032_800_600_000, "duration": 1_000, "tags": []},
    ]
    trace = {"traceID": "a", "spans": spans, "processes": {"p1": {"serviceName": "pay"}}}
    file = tmp_path / "traces.json"
    file.write_text(json.dumps({"data": [trace]}))

    result = imported(file)

    (service,) = result.services
    assert (service.function, service.requests) == ("pay", 1)
    assert result.start_s == pytest.approx(1796032800.5)
    assert [(route.method, route.path) for route in service.routes] == [("POST", "/pay/{id}")]
    assert service.statuses[5] == 1
