from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from simulator.scenario.problems import ScenarioError
from tests.ingest.dataset_files import imported

SIMULATOR = {
    "time": "2026-11-30T10:00:00.500Z", "method": "GET", "path": "/items/7?x=1", "status": 200, "flags": "-",
    "sent_bytes": 12, "total_ms": 250.0, "queue_ms": 0, "cold_ms": 0, "upstream_ms": 249.0,
}  # fmt: skip
ENVOY = {
    "start_time": "2026-11-30T10:00:00.500Z", "duration": "250", "response_code": 200, "method": "GET",
    "path": "/items/7", "bytes_sent": "12",
}  # fmt: skip
NGINX = {
    "time_iso8601": "2026-11-30T11:00:01+01:00", "request_time": "0.250", "status": "200", "request_method": "GET",
    "request_uri": "/items/7?y", "body_bytes_sent": "12",
}  # fmt: skip
CADDY = {
    "level": "info", "ts": 1796032800.75, "duration": 0.25, "size": 12, "status": 200,
    "request": {"method": "GET", "uri": "/items/7", "remote_ip": "192.0.2.1"},
}  # fmt: skip
TRAEFIK = {
    "StartUTC": "2026-11-30T10:00:00.500000001Z", "Duration": 250_000_000, "RequestMethod": "GET",
    "RequestPath": "/items/7", "DownstreamStatus": 200, "DownstreamContentSize": 12,
}  # fmt: skip
VEGETA = {
    "attack": "", "seq": 0, "code": 200, "timestamp": "2026-11-30T10:00:00.500000001Z", "latency": 250_000_000,
    "bytes_out": 0, "bytes_in": 12, "error": "", "method": "GET", "url": "http://127.0.0.1:8080/items/7",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "line", "start_s"),
    [
        ("simulator-json", SIMULATOR, 1796032800.5),
        ("envoy-json", ENVOY, 1796032800.5),
        ("nginx-json", NGINX, 1796032800.0),  # counted per second: the end minus 0.25 s is in the second before
        ("caddy-json", CADDY, 1796032800.5),
        ("traefik-json", TRAEFIK, 1796032800.5),
        ("vegeta-json", VEGETA, 1796032800.5),
    ],
)
def test_each_program_is_recognised_by_its_keys(
    tmp_path: Path, name: str, line: dict[str, object], start_s: float
) -> None:
    file = tmp_path / "access.json"
    file.write_text(json.dumps(line) + "\nplain text\n")

    result = imported(file)

    assert [form.name for form in result.formats] == [name]
    (service,) = result.services
    assert result.start_s == pytest.approx(start_s, abs=1e-5)
    np.testing.assert_allclose(service.durations.quantiles(np.array([0.5])), [0.25], rtol=0.01)
    assert [(route.method, route.path) for route in service.routes] == [("GET", "/items/{id}")]
    assert service.statuses[2] == 1
    assert result.skipped_lines == 1


def test_only_points_of_requests_are_taken_from_k6(tmp_path: Path) -> None:
    tags = {"method": "GET", "url": "http://h/a", "status": "200"}
    data = {"time": "2026-11-30T10:00:00.75Z", "value": 250.0, "tags": tags}
    point = {"type": "Point", "metric": "http_req_duration", "data": data}
    lines = [
        {"type": "Metric", "metric": "http_req_duration", "data": {"name": "http_req_duration", "type": "trend"}},
        point,
        {**point, "metric": "http_req_waiting"},
        {"type": "Point", "metric": "vus", "data": {"time": "2026-11-30T10:00:00.75Z", "value": 3, "tags": {}}},
    ]
    file = tmp_path / "k6.json"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    result = imported(file)

    assert result.offered == 1
    assert result.start_s == pytest.approx(1796032800.5, abs=1e-5)


def test_a_time_that_is_none_is_reported_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "access.json"
    file.write_text(json.dumps(SIMULATOR) + "\n" + json.dumps({**SIMULATOR, "time": "noon"}) + "\n")

    with pytest.raises(ScenarioError, match=r"access\.json:2:1: time = 'noon', must be a time such as"):
        imported(file)
