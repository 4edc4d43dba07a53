"""`calibrate` and `verify_metrics` in Python on recordings: capacity tests and CloudWatch metrics."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator import NotCalibrated, ServiceModel, calibrate, verify_metrics
from simulator.calibration.scalability import capacity_model
from simulator.cli import app
from simulator.model.sizes import InstanceSize
from tests.calibration.prediction.service_models import model_of

TRUTH = {"io": "50ms", "cpu": "20ms"}


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    """Return CloudWatch's metrics of six minutes of the service."""
    scenario, file = tmp_path / "day.yaml", tmp_path / "day.json"
    scenario.write_text(
        f"services: {{web: {{max_size: 2, application: {{simulated: {json.dumps(TRUTH)}}}}}}}\n"
        "duration: 360s\ntraffic: [{poisson: {rate: 3/s}}]\n"
    )
    done = CliRunner().invoke(app, ["run", str(scenario), "--quiet", "--cloudwatch-metrics", str(file)])
    assert done.exit_code == 0, done.output
    return file


def test_a_capacity_test_gives_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity_model, "_REFITS", 6)
    monkeypatch.setattr(capacity_model, "MEMBERS", 6)
    file = tmp_path / "capacity.csv"
    file.write_text("concurrency,throughput\n1,10\n2,19\n4,36\n8,60\n")

    model = calibrate(file, "shop", size="2 vCPU 4 GB")

    assert model.data.name == "shop"
    assert model.data.size == InstanceSize(2048, 4096)
    assert len(model.data.members) == 6
    with pytest.raises(ValueError, match="instances = 2, must be left out: a capacity test is of one instance"):
        calibrate(file, "shop", instances=2)
    file.write_text("processors,throughput\n1,10\n2,19\n4,36\n8,60\n")
    with pytest.raises(NotCalibrated, match="the loads are processors"):
        calibrate(file, "shop")


def test_metrics_are_compared_with_the_model(metrics: Path) -> None:
    result = verify_metrics(ServiceModel(model_of(TRUTH)), metrics, max_size=2, inside="50 %", draws=6)
    frame = result.frame()
    known = frame.dropna()
    counted = known[known["inside"].astype(bool)].groupby("figure").size() / known.groupby("figure").size()
    assert result.shares == pytest.approx(counted.fillna(0.0).to_dict())
    assert set(result.shares) == {"p50", "p95", "cpu"}
    assert result.passed == all(share >= 0.5 for share in result.shares.values())
    assert json.loads(result.json())["passed"] == result.passed
    assert str(result).splitlines()[0] in result._repr_html_()
    assert "<testcase" in result.junit()

    slower = verify_metrics(ServiceModel(model_of({"io": "150ms"})), [metrics], max_size=2, draws=4)
    assert not slower.passed
    assert slower.shares["p50"] == 0.0


def test_settings_that_exclude_each_other_are_named(metrics: Path) -> None:
    model = ServiceModel(model_of(TRUTH))
    with pytest.raises(ValueError, match="instances = 2, must be left out with min-size or max-size"):
        verify_metrics(model, metrics, instances=2, max_size=3)
    with pytest.raises(ValueError, match="200 %"):
        verify_metrics(model, metrics, inside="200 %")
