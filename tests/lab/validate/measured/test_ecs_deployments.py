"""The length of an update of Express Mode, recomputed from its parts."""

from __future__ import annotations

import pytest

from simulator.lab.validate.measured import ecs_deployments

BAKES_S = 180 + 180
DEREGISTRATION_S = 300
# A task of Express Mode is placed within 18 to 25 s, pulls 100 MB at 12 MB/s, and is probed by the load balancer each
# 30 s.
START_S_MIN, START_S_MAX = 18 + 100 / 12, 25 + 100 / 12
FIRST_CHECK_S = 30


def test_an_update_lasts_as_long_as_its_parts() -> None:
    for minutes in ecs_deployments.lengths_min():
        parts_s = minutes * 60 - BAKES_S - DEREGISTRATION_S
        assert START_S_MIN - 1 <= parts_s <= START_S_MAX + FIRST_CHECK_S + 1


def test_without_the_delay_of_deregistration_it_is_shorter_than_both_reports() -> None:
    mean = sum(ecs_deployments.lengths_min()) / ecs_deployments.UPDATES
    assert ecs_deployments.without_delay_min() == pytest.approx(mean - DEREGISTRATION_S / 60, abs=0.5)
    assert ecs_deployments.without_delay_min() < ecs_deployments.LEAST_MIN * (1 - ecs_deployments.TOLERANCE)
