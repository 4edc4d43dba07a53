"""The published series of Container Apps: what the case computes from them by another way."""

from __future__ import annotations

import pytest

from simulator.lab.validate.measured import container_apps
from simulator.rules.policies.kubernetes.container_apps_start import START_LAW


def test_the_published_parts_add_up_to_the_time_of_the_client() -> None:
    for start in container_apps.published():
        assert start.application_s + start.delivery_s == pytest.approx(start.client_s, abs=0.1)


def test_the_published_ways_to_zero_are_a_cooldown_and_up_to_a_poll() -> None:
    times = [start.to_zero_s for start in container_apps.published()][:-1]  # none is in the log after the last start
    assert times == pytest.approx([317.2, 310.0, 333.0, 325.8], abs=0.1)


def test_the_stages_and_a_pull_add_up_to_the_published_starts() -> None:
    """With 2.2 to 3.9 s of pull, each published start of the application is in the range of one of the paths."""
    ranges = [
        (sum(stage.low_s for stage in path.stages) + 2.2, sum(stage.high_s for stage in path.stages) + 3.9)
        for path in START_LAW.paths
    ]
    for start in container_apps.published():
        assert any(low_s - 1 <= start.application_s <= high_s for low_s, high_s in ranges)
