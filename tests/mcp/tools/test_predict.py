"""The tool that predicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.calibration.model.model_file import write_model
from simulator.mcp.failure import ToolFailure
from simulator.mcp.tools.predict import PREDICT
from simulator.sdk.calibration.predict import predict
from tests.calibration.model.models import a_model
from tests.mcp.contexts import called, context_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_model(a_model(), tmp_path / "shop.model.json")
    return tmp_path


def test_a_prediction_is_that_of_the_python_api(root: Path) -> None:
    outcome = called(PREDICT, context_of(root), model="shop.model.json", rates=[5], slo="p95 < 10 s", duration="10s")
    result = predict(root / "shop.model.json", [5], slo="p95 < 10 s", duration="10s", progress=False)
    (row,) = outcome.rates
    expected = result.data.rates[0].figures["p95_s"]
    figure = row.figures["p95_s"]
    assert figure is not None
    assert expected is not None
    assert (figure.value, figure.low, figure.high) == (expected.value, expected.low, expected.high)
    assert (row.rate_rps, row.meets) == (5, result.data.rates[0].meets)
    assert outcome.meets == result.meets
    assert outcome.notes == result.notes


def test_an_unknown_model_or_a_wrong_slo_is_named(root: Path) -> None:
    context = context_of(root)
    with pytest.raises(ToolFailure, match=r"model = 'shp\.model\.json', .*did you mean `shop.model.json`\?"):
        called(PREDICT, context, model="shp.model.json")
    with pytest.raises(ToolFailure, match="must be a path below"):
        called(PREDICT, context, model="../shop.model.json")
    with pytest.raises(ValueError, match="p95 under"):
        called(PREDICT, context, model="shop.model.json", rates=[5], slo="p95 under 1 s")
