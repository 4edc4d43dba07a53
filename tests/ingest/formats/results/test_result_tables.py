from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from simulator.cli import app
from tests.ingest.dataset_files import imported


def test_samples_of_jmeter_have_start_duration_and_label(tmp_path: Path) -> None:
    file = tmp_path / "results.jtl"
    file.write_text(
        "timeStamp,elapsed,label,responseCode,responseMessage,threadName,success,bytes,Latency,IdleTime,Connect\n"
        '1796032800500,250,Home page,200,"OK, fine",Thread Group 1-1,true,12,1,0,0\n'
        "1796032801500,100,GET /items/7,Non HTTP response code: java.net.SocketException,x,Thread 1-2,false,0,0,0,0\n"
    )

    result = imported(file)

    (service,) = result.services
    assert service.times_s is not None
    assert service.durations_s is not None
    np.testing.assert_allclose(service.times_s, [0, 1])
    np.testing.assert_allclose(service.durations_s, [0.25, 0.1])
    assert [route.path for route in service.routes] == ["/Home-page", "/items/{id}"]
    assert service.statuses[:3] == (1, 0, 1)


def test_the_request_log_of_a_run_gives_its_arrivals_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["run", "first-look", "-q", "--requests", "log.csv"])
    assert done.exit_code == 0, done.output
    rows = [line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines()[1:]]

    result = imported(tmp_path / "log.csv", everything=True)

    (service,) = result.services
    assert service.times_s is not None
    intended = np.sort([float(row[1]) for row in rows])
    np.testing.assert_allclose(service.times_s, intended - intended[0], atol=1e-6)
