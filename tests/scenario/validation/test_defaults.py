"""Omitted values of a scenario file are completed, and errors are kept for the sections to report."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.scenario.validation.defaults import completed


def test_the_only_service_is_filled_in() -> None:
    done = completed(
        {
            "services": {"web": {}},
            "traffic": [{"clock": {}}, {"name": "robots", "poisson": {}}, {"service": "other", "x": 1}],
            "timeline": [{"at": "1s", "kill_instance": None}, {"at": "2s", "rate": {"factor": 2}}],
        }
    )
    assert done["traffic"] == [
        {"name": "clock-1", "service": "web", "clock": {}},
        {"service": "web", "name": "robots", "poisson": {}},
        {"name": "source-3", "service": "other", "x": 1},
    ]
    assert done["timeline"] == [{"at": "1s", "kill_instance": {"service": "web"}}, {"at": "2s", "rate": {"factor": 2}}]


def test_of_two_services_none_is_filled_in() -> None:
    done = completed({"services": {"a": {}, "b": {}}, "traffic": [{"clock": {}}]})
    assert done["traffic"] == [{"name": "clock-1", "clock": {}}]


@pytest.mark.parametrize(
    "data",
    [{"services": 3, "traffic": "x"}, {"traffic": [None, 1, "a"]}, {"services": {"web": 1}, "timeline": [[], None]}],
)
def test_errors_are_left_as_they_are(data: dict[str, Any]) -> None:
    assert completed(data) == data
