"""The error for a key in the wrong place of a scenario names the right place."""

from __future__ import annotations

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario

TEXT = """
duration: 1min
services:
  web:
    SERVICE
    application:
      simulated: {io: 100ms, SIMULATED}
traffic:
  - poisson: {rate: 5/s}
    requests: [{path: /a, REQUEST}]
"""


@pytest.mark.case("L65", "L67")
@pytest.mark.parametrize(
    ("part", "told", "meant"),
    [
        ("REQUEST", "service_time: 100ms", "services.web.application.simulated.paths"),
        ("REQUEST", "cpu: 5ms", "services.web.application.simulated.paths"),
        ("REQUEST", "methd: GET", "method"),
        ("SIMULATED", "max_concurrency: 3", "services.web.max_concurrency"),
        ("SERVICE", "paths: {}", "services.web.application.simulated.paths"),
        ("SERVICE", "response_size: 1 KB", "traffic[0].requests[0].response_size"),
        ("SERVICE", "nonsense_of_all: 1", ""),
    ],
)
def test_an_unknown_key_has_the_place_where_it_is_known(part: str, told: str, meant: str) -> None:
    text = TEXT.replace(part, told)
    for unused in ("SERVICE", "SIMULATED", "REQUEST"):
        text = text.replace(unused, {"SERVICE": "", "SIMULATED": "cpu: 1ms", "REQUEST": "weight: 1"}[unused])

    with pytest.raises(ScenarioError) as raised:
        read_scenario(text)

    assert [problem.nearest for problem in raised.value.problems] == [meant]
