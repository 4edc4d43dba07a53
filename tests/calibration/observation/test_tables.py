"""Tests of the tables of observations."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.calibration.observation.tables import InstanceSamples, ObservedRequests, UnloadedRequests
from tests.calibration.observation.observations import requests, unloaded


def test_columns_that_are_left_out_are_unknown() -> None:
    table = InstanceSamples.of(at_s=[1, 2])
    assert table.columns()["at_s"].tolist() == [1.0, 2.0]
    assert np.isnan(table.cpu_s).all()
    assert len(table) == 2
    assert len(InstanceSamples.of()) == 0


def test_a_column_that_is_always_known_is_needed() -> None:
    with pytest.raises(TypeError, match="late_s"):
        ObservedRequests.of(sent_s=[1.0], latency_s=[1.0], status=[200], route=[0])


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("latency_s", [0.1, -0.1], r"latency_s\[1\] = -0.1, must be a number of seconds, at least 0"),
        ("latency_s", [np.nan, 0.1], r"latency_s\[0\] = nan"),
        ("service_s", [0.1, np.inf], r"service_s\[1\] = inf, must be .* or empty if unknown"),
        ("status", [200, 1000], r"status\[1\] = 1000, must be a status of HTTP"),
        ("route", [0, 0.5], r"route\[1\] = 0.5, must be a whole number"),
        ("late_s", [0.0], r"late_s = an array of shape \(1,\), must be one column of 2 rows"),
    ],
)
def test_a_wrong_value_is_named_with_its_column_and_row(column: str, values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        requests(2, **{column: values})


def test_rows_are_chosen_from_every_column() -> None:
    table = requests(3, latency_s=[0.1, 0.2, 0.3])
    chosen = table.rows(table.latency_s > 0.15)
    assert chosen.latency_s.tolist() == [0.2, 0.3]
    assert chosen.route.tolist() == [1, 0]
    assert chosen.status.dtype == np.int64


def test_tables_are_equal_if_their_numbers_are_and_unknown_is_equal_to_unknown() -> None:
    assert requests().equals(requests())
    assert not requests().equals(requests(service_s=[1, 1, 1, 1]))
    assert not requests().equals(requests(3))


def test_responses_that_are_no_errors_are_served() -> None:
    assert requests(5, status=[200, 304, 404, 503, 0]).served.tolist() == [True, True, False, False, False]
    assert unloaded(5, status=[200, 304, 404, 503, 0]).served.tolist() == [True, True, False, False, False]


def test_the_cpu_time_of_unloaded_requests_may_be_unknown() -> None:
    table = UnloadedRequests.of(route=[0, 1], latency_s=[0.1, 0.2], status=[200, 200])
    assert np.isnan(table.cpu_s).all()
    assert np.isnan(table.throttled_s).all()
    with pytest.raises(ValueError, match=r"cpu_s\[1\] = -1, must be a number of seconds, at least 0, or empty"):
        unloaded(2, cpu_s=[0.1, -1.0])
