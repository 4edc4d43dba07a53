"""Heroku as a platform: dynos, the random router and its time limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.compare.candidates import on_platform
from simulator.model.sizes import InstanceSize
from simulator.replay.runner import Run, play
from simulator.rules.platforms.heroku import PRESET, SIZES
from simulator.scenario.scenario import ScenarioSpec, read_scenario

SLOW = """
version: 1
duration: 2 min
services:
  web:
    max_concurrency: 10
    initial_size: 4
    max_size: 4
    application:
      simulated: {{io: {io}}}
traffic:
  - {{name: visitors, until: 60s, poisson: {{rate: 2/s}}}}
"""


def there(io: str) -> ScenarioSpec:
    return on_platform(read_scenario(SLOW.format(io=io), file="slow.yaml", folder=Path()), PRESET)


def test_a_request_gets_503_after_30_seconds() -> None:
    """H12; App Runner waits for two minutes."""
    slow = play(Run(there("31s")), signals=False).stats_by_source.whole()
    assert slow.failures == slow.requests > 50
    assert play(Run(there("29s")), signals=False).stats_by_source.whole().failures == 0


def test_the_router_chooses_dynos_at_random() -> None:
    web = there("1s").services["web"]
    assert (web.balancing, web.max_concurrency, web.overflow.mode) == ("random", 200, "reject")
    assert web.min_size == 1


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ((256, 512), "Performance-M"),
        ((1024, 2048), "Performance-M"),
        ((2048, 4096), "Performance-L-RAM"),
        ((4096, 12_288), "Performance-L-RAM"),
        ((8192, 1024), "Performance-L"),
        ((8192, 16_384), "Performance-XL"),
        ((9000, 1024), "Performance-2XL"),
    ],
)
def test_a_service_gets_the_smallest_dyno_that_autoscaling_accepts(asked: tuple[int, int], name: str) -> None:
    assert SIZES.nearest(InstanceSize(*asked), 200).name == name
