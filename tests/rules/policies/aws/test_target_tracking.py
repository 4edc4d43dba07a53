from __future__ import annotations

from typing import Any

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.target_tracking import TargetTrackingPolicy
from simulator.rules.policies.aws.tracking_parameters import TargetTrackingParameters
from simulator.rules.policies.port import Decision
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=50)


class Service:
    """A service whose instances are ready at once. Its CPU share is the demand, in whole CPUs, divided among them."""

    def __init__(self, ready: int, **changes: Any) -> None:
        self.policy = TargetTrackingPolicy(TargetTrackingParameters(**changes), SCALING)
        self.ready = ready
        self.second = 0

    def minutes(self, count: float, cpus: float) -> list[tuple[int, int]]:
        """Return (time, new count) for each change in that many minutes."""
        changes = []
        for _ in range(int(count * 60)):
            self.policy.observe(sample(self.second, ready=self.ready, cpu_s=cpus))
            self.second += 1
            if self.second % 10 == 0:
                desired = self.decide().desired
                if desired != self.ready:
                    changes.append((self.second, desired))
                self.ready = desired
        return changes

    def decide(self) -> Decision:
        return self.policy.decide(observation(self.second, SCALING, ready=self.ready))


def test_a_step_causes_scale_out_after_three_whole_minutes_and_the_delay_of_the_metric() -> None:
    service = Service(4)
    service.minutes(1, cpus=2.8)
    # 4 x 1.0 / 0.7 = 5.7. Minutes 2 to 4 are above the target; the third of them is visible at 4 min + 150 s.
    assert service.minutes(7, cpus=4.0) == [(390, 6)]


@pytest.mark.case("L37")
def test_a_step_within_a_minute_causes_scale_out_as_late_as_aws_measured() -> None:
    """AWS's own benchmark: 363 s until scale-out (policies 5). The position of the step in its minute is unknown."""
    answered = []
    for phase_s in range(0, 60, 5):
        service = Service(4)
        service.minutes(1 + phase_s / 60, cpus=0.4)
        # a minute that contains only a part of the load is not above the target
        [(at_s, _)] = service.minutes(8, cpus=2.9)
        answered.append(at_s - 60 - phase_s)
    assert min(answered) >= 363 * 0.85
    assert max(answered) <= 363 * 1.15
    assert sum(answered) / len(answered) == pytest.approx(363, abs=15)


def test_minutes_at_exactly_the_target_are_not_above_it() -> None:
    assert Service(4).minutes(10, cpus=2.8) == []  # sixty times 2.8 / 4 is slightly above 0.7 in binary


def test_two_minutes_above_the_target_change_nothing() -> None:
    service = Service(4)
    assert service.minutes(2, cpus=4.0) == []
    assert service.minutes(5, cpus=2.8) == []


def test_scale_in_follows_fifteen_minutes_below_ninety_percent_of_the_target() -> None:
    service = Service(10)
    # 10 x 0.42 / 0.7 = 6, rounded up, in one step
    assert service.minutes(18, cpus=4.2) == [(1050, 6)]


def test_a_load_between_both_alarms_changes_nothing() -> None:
    assert Service(10).minutes(40, cpus=6.5) == []  # 65 % is between 63 % and 70 %


def test_only_certain_surplus_is_removed() -> None:
    assert Service(10).minutes(18, cpus=4.3) == [(1050, 7)]  # 6.14 instances are needed


def test_within_the_cooldown_only_a_larger_need_adds_the_difference() -> None:
    service = Service(4, metric_late_s=0.0)
    assert service.minutes(3, cpus=4.0) == [(180, 6)]
    # Six at 4.4 / 6 = 73 % are still above the target; based on the four before, 4 x 0.733 / 0.7 = 4.2 adds nothing.
    assert service.minutes(4.5, cpus=4.4) == []
    assert service.minutes(1, cpus=4.4) == [(480, 7)]  # the cooldown of 300 s is over


def test_starting_instances_are_not_added_again_while_the_metric_is_late() -> None:
    service = Service(4, scale_out_cooldown_s=0.0)
    # The point of 120 to 180 s is visible at 330 s; those of the minutes until then were also measured on four
    # instances.
    assert service.minutes(12, cpus=5.6) == [(330, 8)]


@pytest.mark.case("L37")
@pytest.mark.parametrize(
    ("base", "changes"),
    [
        ("measured", [(330, 8)]),
        # At every later point, measured on four instances, the count of running instances (eight) or of desired ones
        # would be multiplied again.
        ("running", [(330, 8), (390, 16), (450, 32), (510, 43)]),
        ("desired", [(330, 8), (390, 16), (450, 32), (510, 43)]),
    ],
)
def test_the_multiplied_count_is_a_parameter(base: str, changes: list[tuple[int, int]]) -> None:
    service = Service(4, scale_out_cooldown_s=0.0, base=base)
    assert [change for change in service.minutes(9, cpus=5.6) if change[0] <= 510] == changes


@pytest.mark.case("L37")
def test_the_capacity_mode_counts_starting_instances() -> None:
    """Ten instances are desired and four run: the published formula multiplies ten."""
    found = {}
    for base in ("measured", "running", "desired"):
        policy = TargetTrackingPolicy(TargetTrackingParameters(base=base, metric_late_s=0.0), SCALING)
        policy.decide(observation(0, SCALING, ready=4, coming=6))
        for second in range(180):
            policy.observe(sample(second, ready=4, cpu_s=4.0))
        found[base] = policy.decide(observation(180, SCALING, ready=4, coming=6)).desired
    assert found == {"measured": 10, "running": 10, "desired": 15}


@pytest.mark.case("L37")
@pytest.mark.parametrize(("share", "left"), [(1.0, 6), (0.5, 8), (0.01, 9)])
def test_scale_in_may_be_more_gradual_than_proportional(share: float, left: int) -> None:
    assert Service(10, scale_in_share=share).minutes(18, cpus=4.2) == [(1050, left)]


def test_without_data_nothing_ever_happens() -> None:
    service = Service(5, metric="concurrency", silence_is_missing=True)
    assert service.minutes(30, cpus=0.0) == []


def test_a_metric_that_publishes_zeros_scales_in_without_traffic() -> None:
    assert Service(5, metric="concurrency").minutes(18, cpus=0.0) == [(1050, 1)]


@pytest.mark.parametrize(
    ("told", "target"),
    [
        ({}, 0.7),
        ({"target": 0.5}, 0.5),
        ({"metric": "concurrency"}, 7.0),
        ({"metric": "concurrency", "target": 4.0}, 4.0),
        ({"metric": "requests", "target": 16.0}, 16.0),
    ],
)
def test_the_target_is_the_given_one_or_a_share_of_max_concurrency(told: dict[str, Any], target: float) -> None:
    assert TargetTrackingParameters(**told).target_for(SCALING) == pytest.approx(target)


def test_high_resolution_metrics_have_their_own_delay_and_the_low_alarm_keeps_its_15_minutes() -> None:
    parameters = TargetTrackingParameters(metric_period_s=20)
    assert (parameters.out_points, parameters.low_points, parameters.late_s) == (3, 45, 30)
    assert parameters.requires(SCALING).soonest_s == 3 * 20 + 30
    assert TargetTrackingParameters(metric_period_s=20, metric_late_s=5).late_s == 5


def test_the_documented_defaults() -> None:
    parameters = TargetTrackingParameters()
    assert (parameters.out_points, parameters.low_points, parameters.low_share) == (3, 15, 0.9)
    assert (parameters.metric_period_s, parameters.late_s) == (60, 150)
    assert (parameters.scale_out_cooldown_s, parameters.scale_in_cooldown_s) == (300, 300)
