"""Fly.io as a platform: sizes and prices of its page, the queue of its proxy, and what a machine keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.compare.candidates import on_platform
from simulator.model.sizes import InstanceSize
from simulator.replay.runner import Run, play
from simulator.rules.platforms.fly import PRESET, PRICES, SIZES
from simulator.rules.platforms.size_changes.instance_hour import instance_hour_usd
from simulator.scenario.scenario import ScenarioSpec, read_scenario

# The machine that runs at the start has nothing to do for twenty minutes; then there are requests.
SLEEPY = """
version: 1
duration: 25 min
services:
  web:
    max_concurrency: 10
    initial_size: 1
    max_size: 2
    policy: {{name: fly, auto_stop: {stop}}}
    application:
      simulated:
        start_up: 5s
        io: 100ms
        image: {{layers: {{app: 500 MB}}, bandwidth: 10 MB/s}}
traffic:
  - {{name: visitors, from: 20 min, poisson: {{rate: 0.2/s}}}}
"""


@pytest.mark.parametrize(
    ("size", "usd_month"),
    [
        # Rows of docs.fly.io/about/pricing, 2 October 2026.
        (InstanceSize(64, 512), 3.69),
        (InstanceSize(64, 2048), 12.70),
        (InstanceSize(128, 2048), 13.39),
        (InstanceSize(256, 8192), 50.80),
        (InstanceSize(384, 3072), 22.17),
        (InstanceSize(512, 16_384), 101.60),
        (InstanceSize(1024, 4096), 45.01),
        (InstanceSize(2048, 16_384), 138.04),
        (InstanceSize(8192, 65_536), 552.16),
        (InstanceSize(16_384, 131_072), 1104.32),
    ],
)
def test_prices_with_more_memory_are_those_of_the_page(size: InstanceSize, usd_month: float) -> None:
    found = instance_hour_usd(PRICES, size)
    assert found is not None
    assert found * 720 == pytest.approx(usd_month, rel=2e-3)


@pytest.mark.parametrize(
    ("asked", "name", "taken"),
    [
        ((256, 512), "shared-cpu-4x", (256, 1024)),  # 256 MB for each CPU at least
        ((512, 1024), "shared-cpu-8x", (512, 2048)),
        ((256, 9000), "shared-cpu-6x", (384, 9216)),  # 2 GB for each CPU at most
        ((1024, 2048), "performance-1x", (1024, 2048)),
        ((1024, 9000), "performance-2x", (2048, 9216)),
        ((4096, 12_288), "performance-4x", (4096, 12_288)),
    ],
)
def test_a_service_gets_the_smallest_machine_with_its_guaranteed_cpu(
    asked: tuple[int, int], name: str, taken: tuple[int, int]
) -> None:
    found = SIZES.nearest(InstanceSize(*asked), 25)
    assert (found.name, found.size) == (name, InstanceSize(*taken))


def sleepy(stop: str) -> ScenarioSpec:
    return on_platform(read_scenario(SLEEPY.format(stop=stop), file="sleepy.yaml", folder=Path()), PRESET)


@pytest.mark.parametrize(
    ("stop", "longest_s"),
    [
        ("stop", 0.3 + 5.0 + 0.1),  # boot, start-up and the request; the image is on the machine
        ("suspend", 0.3 + 0.1),  # the application continues where it was
        ("off", 0.1),  # one is always running
    ],
)
def test_a_machine_at_zero_starts_as_it_was_stopped(stop: str, longest_s: float) -> None:
    record = play(Run(sleepy(stop)), signals=False)
    found = record.stats_by_source.whole()
    assert found.failures == 0
    assert found.latency.max_s == pytest.approx(longest_s, abs=0.05)


def test_the_platform_keeps_the_reading_of_above_that_the_scenario_sets() -> None:
    text = SLEEPY.format(stop="suspend").replace("name: fly,", "name: fly, above: sum,")
    web = on_platform(read_scenario(text, file="sleepy.yaml", folder=Path()), PRESET).services["web"]
    assert (web.policy.parameters.above, web.policy.parameters.auto_stop) == ("sum", "suspend")
    other = text.replace("name: fly, above: sum, auto_stop: suspend", "name: fixed")
    web = on_platform(read_scenario(other, file="sleepy.yaml", folder=Path()), PRESET).services["web"]
    assert (web.policy.parameters.above, web.policy.parameters.auto_stop) == ("each", "stop")


def test_requests_above_the_hard_limit_wait_in_the_proxy() -> None:
    assert PRESET.overflow.holds
    assert PRESET.throttling is not None
    assert PRESET.throttling.period_s * 1 / 16 == pytest.approx(0.005)  # 5 ms for each shared CPU
