from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.scenario.problems import ScenarioError
from tests.ingest.dataset_files import imported

ENVOY = (
    '[2016-04-15T20:17:0{second}.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" '
    '"cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80"\n'
)
ISTIO = (
    '[2024-01-01T00:00:0{second}.000Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" 0 135 4 4 "-" '
    '"curl/7.73.0" "id" "httpbin:8000" "10.1.1.1:80" outbound 10.0.0.1:1 10.0.0.2:2 10.0.0.3:3 - default\n'
)


@pytest.mark.parametrize(
    ("line", "duration_s", "path"), [(ENVOY, 0.226, "/api/v1/locations"), (ISTIO, 0.004, "/status/{id}")]
)
def test_start_and_duration_are_those_of_the_line(tmp_path: Path, line: str, duration_s: float, path: str) -> None:
    file = tmp_path / "envoy.log"
    file.write_text(line.format(second=0) + "[2016] warming up\n" + line.format(second=3))

    result = imported(file)

    (service,) = result.services
    assert service.times_s is not None
    assert service.durations_s is not None
    np.testing.assert_allclose(service.times_s, [0, 3], atol=1e-6)
    np.testing.assert_allclose(service.durations_s, [duration_s] * 2)
    assert [route.path for route in service.routes] == [path]
    assert result.skipped_lines == 1


def test_a_time_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "envoy.log"
    file.write_text(ENVOY.format(second=0) + ENVOY.format(second=1).replace("-04-15", "-02-31"))

    with pytest.raises(ScenarioError, match=r"envoy\.log:2:1: time = 2016-02-31T20:17:01\.310Z, must be a time that"):
        imported(file)
