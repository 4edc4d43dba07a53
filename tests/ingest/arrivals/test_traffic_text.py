from __future__ import annotations

import numpy as np
import pytest
import yaml

from simulator.ingest.arrivals.arrival_model import ArrivalForm, ArrivalModel
from simulator.ingest.arrivals.fitted_rate import FittedRate
from simulator.ingest.arrivals.mmpp import BurstHeights, MmppFit
from simulator.ingest.arrivals.season import Season
from simulator.ingest.arrivals.traffic_text import has_file, rate_events, rate_rows, shape_text

STEPS = FittedRate((0.0, 600.0, 1800.0), (2.0, 5.0))
SEASON = FittedRate((0.0, 7200.0), (10.0,), Season(1, 0, (0.5, 0.0)))
STATES = MmppFit((2.0, 40.0), (30.0, 10.0), 0.0, 1.0, 1, BurstHeights(0, 1.0, 0.0))


def model(form: ArrivalForm, rate: FittedRate, mmpp: MmppFit | None = None) -> ArrivalModel:
    return ArrivalModel(form, "", rate, mmpp)


def test_a_constant_rate_and_steps_are_shapes_of_their_own() -> None:
    assert shape_text(model(ArrivalForm.POISSON, FittedRate((0.0, 9.0), (2.5,))), "") == "poisson: {rate: 2.5/s}"
    levels = yaml.safe_load(shape_text(model(ArrivalForm.POISSON, STEPS), ""))
    assert levels == {"steps": {"levels": [{"for": "600s", "rate": "2/s"}, {"for": "1200s", "rate": "5/s"}]}}


def test_a_season_is_a_file_with_the_expected_requests_of_each_bin() -> None:
    seasonal = model(ArrivalForm.POISSON, SEASON)
    rows = [row.strip().split(",") for row in rate_rows(seasonal)]

    assert has_file(seasonal)
    assert 'file: "x.csv", column: expected' in shape_text(seasonal, "x.csv")
    assert rows[0] == ["start_s", "expected"]
    at_s = np.arange(300, 7200, 600)
    expected = 6000 * np.exp(0.5 * np.cos(2 * np.pi * at_s / 86_400))
    assert [float(count) for _, count in rows[1:]] == pytest.approx(expected.tolist(), abs=0.01)


def test_a_rate_that_changes_is_a_factor_on_the_states() -> None:
    changing = model(ArrivalForm.MMPP, STEPS, STATES)

    assert not has_file(changing)
    assert shape_text(changing, "") == "mmpp: {states: [{rate: 2/s, stay: 30s}, {rate: 40/s, stay: 10s}]}"
    # the mean rate is (600 x 2 + 1200 x 5) / 1800 = 4
    assert rate_events(changing, "web") == [
        "{at: 0s, rate: {source: web, factor: 0.5}}",
        "{at: 600s, rate: {source: web, factor: 1.25}}",
    ]
    assert rate_events(model(ArrivalForm.POISSON, STEPS), "web") == []


def test_a_season_of_states_has_a_factor_for_each_hour() -> None:
    events = [yaml.safe_load(event) for event in rate_events(model(ArrivalForm.MMPP, SEASON, STATES), "web")]

    assert [event["at"] for event in events] == ["0s", "3600s"]
    assert np.mean([event["rate"]["factor"] for event in events]) == pytest.approx(1.0, abs=0.001)
    assert events[0]["rate"]["factor"] > events[1]["rate"]["factor"]
