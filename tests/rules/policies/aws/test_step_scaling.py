from __future__ import annotations

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.step_scaling import IN, OUT, Step, StepScalingParameters, StepScalingPolicy, adjusted
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=50)


def test_the_trace_of_the_user_guide_is_reproduced() -> None:
    # Validation case 44: 10 tasks; the metric goes to 60, 70, 40 and 30, each time after the cooldown.
    alarms = StepScalingParameters(
        out_points=1, in_points=1, metric_late_s=0.0, scale_out_cooldown_s=0.0, scale_in_cooldown_s=0.0
    )
    policy, ready, trace = StepScalingPolicy(alarms, SCALING), 10, []
    for minute, share in enumerate((0.6, 0.7, 0.4, 0.3)):
        for second in range(minute * 60, minute * 60 + 60):
            policy.observe(sample(second, ready=ready, cpu_s=share * ready))
        ready = policy.decide(observation(minute * 60 + 60, SCALING, ready=ready)).desired
        trace.append(ready)
    assert trace == [11, 14, 13, 10]


@pytest.mark.parametrize(
    ("capacity", "by", "after"),
    [
        (100, 0.127, 112),  # 12.7 -> 12
        (10, 0.067, 11),  # 0.67 -> 1
        (10, -0.058, 9),  # -0.58 -> -1
        (100, -0.0667, 94),  # -6.67 -> -6
        (10, 0.1, 11),
        (14, -0.1, 13),
        (13, -0.3, 10),
        (11, 0.3, 14),
        (10, 0.0, 10),
    ],
)
def test_percentages_are_rounded_as_documented(capacity: int, by: float, after: int) -> None:
    assert adjusted(capacity, by, "percent") == after


def test_a_percentage_changes_by_at_least_the_minimum_magnitude() -> None:
    assert adjusted(4, 0.25, "percent", min_magnitude=2) == 6
    assert adjusted(4, -0.25, "percent", min_magnitude=2) == 2


def test_a_change_and_an_exact_number_need_no_rounding() -> None:
    assert adjusted(10, 3, "change") == 13
    assert adjusted(10, -12, "change") == 0
    assert adjusted(10, 4, "exact") == 4


@pytest.mark.parametrize(
    ("beyond", "step"),
    [(0.05, None), (0.1, OUT[0]), (0.1999, OUT[0]), (0.2, OUT[1]), (3.0, OUT[1])],
)
def test_above_the_threshold_the_lower_bound_belongs_to_a_step(beyond: float, step: Step | None) -> None:
    assert next((each for each in OUT if each.holds(beyond)), None) is step


@pytest.mark.parametrize(
    ("beyond", "step"),
    [(-0.05, None), (-0.1, IN[0]), (-0.1999, IN[0]), (-0.2, IN[1]), (-0.5, IN[1])],
)
def test_below_the_threshold_the_upper_bound_belongs_to_a_step(beyond: float, step: Step | None) -> None:
    assert next((each for each in IN if each.holds(beyond)), None) is step


def test_rounding_noise_does_not_change_the_step() -> None:
    assert 0.6 - 0.5 < 0.1  # in binary
    assert OUT[0].holds(0.6 - 0.5)


def test_within_the_cooldown_a_larger_step_adds_only_the_difference() -> None:
    policy = StepScalingPolicy(StepScalingParameters(out_points=1, metric_late_s=0.0), SCALING)
    desired = []
    for second in range(180):
        share = 0.6 if second < 60 else 0.75
        policy.observe(sample(second, ready=10, cpu_s=share * 10))
        desired.append(policy.decide(observation(second + 1, SCALING, ready=10)).desired)
    # 10 + 10 % = 11; then 30 % of the ten before, 13, so two more. The same step again adds nothing.
    assert (desired[59], desired[119], desired[179]) == (11, 13, 13)


def test_bounds_out_of_order_are_rejected() -> None:
    with pytest.raises(ValueError, match=r"^lower = 0\.2, must be below upper = 0\.1$"):
        Step(by=0.1, lower=0.2, upper=0.1)


def test_requests_per_target_and_minute_have_steps_of_their_own() -> None:
    steps = (Step(by=2, lower=0, upper=300), Step(by=5, lower=300))
    parameters = StepScalingParameters(
        metric="requests-per-target",
        threshold=600.0,
        scale_out=steps,
        scale_in=(Step(by=-1, upper=-300),),
        adjustment="change",
        metric_late_s=0,
    )
    policy = StepScalingPolicy(parameters, SCALING)
    desired = 4
    for second in range(180):
        # 4 targets get 60 requests/s in total: 900 a minute each, which is 300 above the threshold
        policy.observe(sample(second, ready=4, finished=60))
        desired = policy.decide(observation(second + 1, SCALING, ready=4)).desired
    assert desired == 9
    with pytest.raises(ValueError, match="must be given with scale_out and scale_in"):
        StepScalingParameters(metric="requests-per-target", threshold=600.0)


def test_scale_in_is_off_during_a_deployment() -> None:
    found = {}
    for deploys in (False, True):
        policy = StepScalingPolicy(StepScalingParameters(metric_late_s=0), SCALING)
        for second in range(180):
            policy.observe(sample(second, ready=10, cpu_s=1.0))
            found[deploys] = policy.decide(observation(second + 1, SCALING, ready=10, deploys=deploys)).desired
    assert found == {False: 7, True: 10}
