"""`observe`, `predict` and `verify` in Python: the results of the command line, as data frames."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from simulator import (
    NotCalibrated,
    ObservationResult,
    PredictionResult,
    ScenarioError,
    ServiceModel,
    calibrate,
    observe,
    predict,
    verify,
)
from simulator.calibration.model.calibrated_model import ModelParameter
from simulator.calibration.observing.level import Level
from simulator.calibration.prediction import draws
from simulator.calibration.verification.tables import error_text, headline
from simulator.cli.calibration.observe_tables import level_line
from simulator.model.sizes import InstanceSize
from simulator.sdk.calibration.rates import rates_of, seconds_of
from simulator.sdk.progress import BatchStep
from tests.calibration.model.models import a_model
from tests.calibration.observation.observations import observation
from tests.calibration.observing.stages import stage_of
from tests.calibration.prediction.service_models import exponential, model_of

TRUTH = "services: {web: {application: {simulated: {io: 50ms, workers: 4}}}}\nduration: 1s\n"


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "DRAWS_MIN", 6)


@pytest.fixture
def model() -> ServiceModel:
    parameter = ModelParameter(name="io", unit="s", value=0.04, low=0.039, high=0.041, how="fitted")
    return ServiceModel(model_of({"io": exponential(0.04)}, parameters=[parameter], unknown=["the worker limit"]))


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    file = tmp_path / "truth.yaml"
    file.write_text(TRUTH)
    return file


async def test_a_prediction_in_a_running_loop_has_a_row_for_each_rate(model: ServiceModel, tmp_path: Path) -> None:
    result = predict(model, [10, "1200/min"], duration="12s", slo="p95 < 250 ms")
    frame = result.frame()
    assert list(frame["rate_rps"]) == [10, 20]
    assert (frame["p95_s_low"] <= frame["p95_s"]).all()
    assert result.meets
    assert result.capacity_rps is None
    assert json.loads(result.json())["rates"][1]["figures"]["p95_s"]["value"] == frame["p95_s"].iloc[1]
    assert "Unknown: the worker limit" in str(result)
    assert "the worker limit" in result.notes
    assert "p95" in result._repr_html_()
    assert result.frame("arrow").num_rows == 2

    model.write(tmp_path / "shop.model.json")
    again = predict(tmp_path / "shop.model.json", pd.DataFrame({"rate_rps": [10, 20]}), duration=12, slo="p95 < 250 ms")
    assert again.json() == result.json()


def test_without_rates_the_result_has_the_capacity(model: ServiceModel) -> None:
    steps: list[BatchStep] = []
    result = predict(model, slo="error_rate < 20 %", max_concurrency=3, duration="12s", progress=steps.append)
    assert result.capacity_rps is not None
    assert repr(result).startswith("<Prediction: MaxConcurrency 3 carries ")
    assert steps[-1].done > 6


def test_a_scenario_is_predicted_with_the_model(model: ServiceModel, tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("duration: 12s\n" + TRUTH.replace("duration: 1s\n", "traffic: [{poisson: {rate: 20/s}}]\n"))
    result = predict(model, scenario=file)
    assert isinstance(result, PredictionResult)
    assert result.frame()["rate_rps"].isna().all()
    with pytest.raises(ValueError, match="rates = given, must be left out with a scenario"):
        predict(model, 10, scenario=file)
    with pytest.raises(ValueError, match="duration = given, must be left out with a scenario"):
        predict(model, scenario=file, duration="30s")
    with pytest.raises(ValueError, match="service = 'web', must come with a scenario"):
        predict(model, 10, service="web")


@pytest.mark.parametrize(
    ("given", "rates"),
    [
        (10, (10.0,)),
        ("60,6000/min", (60.0, 100.0)),
        (np.array([1, 2.5]), (1.0, 2.5)),
        (pd.Series([3, 4]), (3.0, 4.0)),
        (pd.DataFrame({"at": [1, 2], "rate_rps": [5, 6]}), (5.0, 6.0)),
        (pa.table({"rate": [7]}), (7.0,)),
    ],
)
def test_rates_are_numbers_texts_arrays_or_frames(given: object, rates: tuple[float, ...]) -> None:
    assert rates_of(given) == rates


@pytest.mark.parametrize("given", [[], -1, True, None, [object()], pd.DataFrame({"a": [1], "b": [2]})])
def test_what_is_no_rate_is_rejected(given: object) -> None:
    with pytest.raises(ValueError, match="rate"):
        rates_of(given)


def test_times_are_numbers_texts_or_timedeltas() -> None:
    assert (seconds_of(5), seconds_of("1m"), seconds_of(dt.timedelta(seconds=2))) == (5, 60, 2)


def test_a_model_has_its_parameters_and_its_fit_as_frames(tmp_path: Path) -> None:
    model = ServiceModel(a_model())
    assert list(model.parameters()["name"]) == [each.name for each in model.data.parameters]
    assert set(model.fit()["figure"]) == {figure.name for stage in model.data.fit.stages for figure in stage.figures}
    model.write(tmp_path / "shop.model.json")
    assert ServiceModel.read(tmp_path / "shop.model.json").data == model.data
    assert "shop.model.json" in ServiceModel.read(tmp_path / "shop.model.json").scenario_text()
    assert "mean CPU time" in model._repr_html_()
    assert "p50 measured" in model._repr_html_()
    with pytest.raises(ScenarioError, match="a file that can be read"):
        ServiceModel.read(tmp_path / "none.json")


def test_a_simulated_service_is_observed_in_virtual_time(truth: Path, tmp_path: Path) -> None:
    seen = observe(truth, ["GET /:3", "GET /b"], rates=[10, 40], level="4s", duration_max="30s", clock="virtual")
    levels = seen.levels()
    assert list(levels["rate_rps"]) == [10, 40]
    assert levels["p50_s"].iloc[0] == pytest.approx(0.05, rel=0.05)
    requests = seen.requests()
    assert set(requests["route"]) == {"GET /", "GET /b"}
    assert len(requests) >= levels["requests"].sum()
    assert len(seen.starts()) == 2
    assert "scenario" in seen._repr_html_()
    seen.write(tmp_path / "truth.observation.zip")
    read = ObservationResult.read(tmp_path / "truth.observation.zip")
    pd.testing.assert_frame_equal(read.levels(), levels)


def test_the_figures_of_a_level_are_those_of_simulator_observe() -> None:
    """Above its capacity of 50/s a service answers 50/s, however many requests were sent; 404 is a response."""
    overloaded = stage_of(Level(1, 100.0, 1.0, 9.0), 50.0, cpu_each_s=0.01)
    status = np.where(np.arange(len(overloaded.requests)) % 2, 404, 503)
    failing = replace(overloaded, number=2, requests=replace(overloaded.requests, status=status))
    seen = ObservationResult(observation(loads=(overloaded, failing), size=InstanceSize(2048, 4096)))

    levels = seen.levels()
    assert list(levels["requests"]) == [900, 900]
    assert levels["served_rps"].iloc[0] == pytest.approx(50, rel=0.01)
    assert levels["cpu"].iloc[0] == pytest.approx(50 * 0.01 / 2, rel=0.01)
    assert list(levels["error_rate"]) == [0.0, 0.5]
    assert "100/s    50.0/s" in level_line(overloaded, 2.0)
    assert "50.0 %" in level_line(failing, 2.0)


def test_a_verification_has_predicted_beside_measured(truth: Path) -> None:
    right = ServiceModel(model_of({"io": "50ms", "workers": 4}))
    result = verify(right, truth, [20], bound="p50 10 %", duration="8s", clock="virtual")
    assert result.passed
    frame = result.frame()
    row = frame[frame["figure"] == "p50"].iloc[0]
    assert row["measured"] == pytest.approx(0.05, rel=0.05)
    assert row["predicted_low"] <= row["predicted"] <= row["predicted_high"]
    assert 'failures="0"' in result.junit()
    assert "pass" in result._repr_html_()
    wrong = verify(
        ServiceModel(model_of({"io": "90ms"})), truth, [20], bound="p50 10 %", duration="8s", clock="virtual"
    )
    assert not wrong.passed
    assert str(wrong).startswith("Failed")
    shown = wrong._repr_html_()
    assert headline(wrong.data) in shown  # whole, not its first line of 80 columns
    errors = next(figure for figure in wrong.data.loads[0].figures if figure.name == "error_rate")
    assert f">{error_text(errors)}<" in shown
    assert error_text(errors).endswith(" pp")


def test_what_python_cannot_do_is_named(model: ServiceModel, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must have an apprunner\.yaml, a Dockerfile, or a project"):
        observe(tmp_path)
    with pytest.raises(ValueError, match="clock = 'fast', must be"):
        observe("image:shop", clock="fast")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="clock = 'fast', must be"):
        verify(model, "image:shop", 10, clock="fast")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="route = GET /other, must be one of the model's: GET /"):
        verify(model, tmp_path, 10, routes=["/other"])  # before the folder is built
    with pytest.raises(ValueError, match="warm_up = 30 s, must be below the duration"):
        verify(model, tmp_path, 10, warm_up=30)
    with pytest.raises(ValueError, match="instances = 2, must be left out"):
        predict(model, 10, instances=2, max_size=3)


def test_what_cannot_be_calibrated_is_refused_with_the_reason(truth: Path) -> None:
    few = observe(truth, rates=[2], level="2s", duration_max="10s", clock="virtual")
    with pytest.raises(NotCalibrated, match=r"\w+ \w+"):
        calibrate(few)
    with pytest.raises(NotCalibrated, match="at least 1000"):
        calibrate(pd.DataFrame({"at": [1.0, 2.0], "duration": [0.1, 0.2]}))
    with pytest.raises(ValueError, match="given = nothing"):
        calibrate([])
