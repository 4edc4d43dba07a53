from __future__ import annotations

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.scheduled import ScheduledParameters, ScheduledPolicy, ScheduleEntry
from tests.rules.policies.services import observation

SCALING = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=8)
HOUR_S = 3600.0
OFFICE = ScheduledParameters(schedule=(ScheduleEntry(8 * HOUR_S, 5), ScheduleEntry(18 * HOUR_S, 2)))


@pytest.mark.parametrize(
    ("hour", "instances"),
    [(0, 2), (7.99, 2), (8, 5), (17.99, 5), (18, 2), (23.9, 2), (24 + 8, 5), (48 + 7, 2)],
)
def test_before_the_first_entry_the_last_one_applies(hour: float, instances: int) -> None:
    policy = ScheduledPolicy(OFFICE, SCALING)
    assert policy.decide(observation(hour * HOUR_S, SCALING)).desired == instances


def test_an_empty_schedule_is_min_size() -> None:
    assert ScheduledPolicy(ScheduledParameters(), SCALING).decide(observation(5, SCALING)).desired == 1


def test_the_bounds_apply_to_a_schedule_too() -> None:
    policy = ScheduledPolicy(ScheduledParameters(schedule=(ScheduleEntry(0, 50),)), SCALING)
    assert policy.decide(observation(0, SCALING)).clamps == ("max_size = 8",)


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ((ScheduleEntry(20.0, 1), ScheduleEntry(10.0, 2)), "schedule = 20s, 10s, must be in ascending order of at"),
        ((ScheduleEntry(90.0, 1),), "schedule = 90s, must be below every = 60s"),
    ],
)
def test_entries_must_be_in_order_within_a_round(schedule: tuple[ScheduleEntry, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        ScheduledParameters(schedule=schedule, every_s=60.0)
