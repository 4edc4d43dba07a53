from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.ingest.dataset_files import imported


def test_entries_are_requests(tmp_path: Path) -> None:
    entries = [
        {
            "startedDateTime": f"2026-11-30T11:00:0{second}.000+01:00",
            "time": 250.5,
            "request": {"method": "GET", "url": f"https://shop.example/items/{second}?token=x", "headers": []},
            "response": {"status": 200, "bodySize": 300 if second else -1},
        }
        for second in (3, 0)
    ]
    file = tmp_path / "page.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "creator": {"name": "WebInspector"}, "entries": entries}}))

    (service,) = imported(file).services

    assert service.times_s is not None
    assert service.durations_s is not None
    np.testing.assert_allclose(service.times_s, [0, 3])
    np.testing.assert_allclose(service.durations_s, [0.2505, 0.2505])
    assert [(route.path, route.requests) for route in service.routes] == [("/items/{id}", 2)]
