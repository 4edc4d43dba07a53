"""The metrics of Application Auto Scaling, one and several at a time, at services with a known use.

Expected counts are computed from the demand and the capacity of an instance, not from the formula of the alarms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.target_tracking import TargetTrackingPolicy
from simulator.rules.policies.aws.tracking_parameters import TargetTrackingParameters, TrackedMetric
from simulator.rules.policies.port import Decision
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=100, min_size=1, max_size=50)
GB = 1024**3


class Demand:
    """The work of a service in each second: CPU seconds, bytes of memory, and requests. Instances share it."""

    def __init__(self, cpu: float = 0.0, gb: float = 0.0, requests: int = 0) -> None:
        self.cpu_s, self.memory_bytes, self.requests = cpu, gb * GB, requests


class Service:
    def __init__(self, ready: int, **changes: Any) -> None:
        self.policy = TargetTrackingPolicy(TargetTrackingParameters(**changes), SCALING)
        self.ready = ready
        self.second = 0
        self.deploys = False
        self.last: Decision | None = None

    def minutes(self, count: float, demand: Demand | Callable[[int], Demand]) -> int:
        """Play that time; return the number of instances then."""
        for _ in range(int(count * 60)):
            now = demand if isinstance(demand, Demand) else demand(self.second)
            self.policy.observe(
                sample(
                    self.second,
                    ready=self.ready,
                    cpu_s=now.cpu_s,
                    memory_bytes=now.memory_bytes,
                    finished=now.requests,
                )
            )
            self.second += 1
            if self.second % 10 == 0:
                given = observation(self.second, SCALING, ready=self.ready, deploys=self.deploys)
                self.last = self.policy.decide(given)
                self.ready = self.last.desired
        return self.ready


def needed(demand: float, each: float) -> int:
    return math.ceil(demand / each - 1e-9)


def test_memory_is_a_share_of_the_memory_of_the_instances() -> None:
    # 9 GB in instances of 2 GB at 60 % each
    service = Service(4, metric="memory", target=0.6, memory_gb=2.0)
    assert service.minutes(7, Demand(gb=9.0)) == needed(9.0, 2.0 * 0.6) == 8


def test_requests_per_target_are_a_sum_of_a_minute() -> None:
    # 50 requests/s are 3,000 a minute; a target of 500 needs six instances
    service = Service(4, metric="requests-per-target", target=500.0)
    assert service.minutes(7, Demand(requests=50)) == needed(50 * 60, 500) == 6
    assert service.last is not None
    assert dict(service.last.inputs)["target"] == 500


def test_the_reason_names_the_unit_of_requests_per_target() -> None:
    service = Service(4, metric="requests-per-target", target=500.0)
    reasons = set()
    for _ in range(7 * 6):
        service.minutes(1 / 6, Demand(requests=50))
        assert service.last is not None
        reasons.add(service.last.reason)
    assert "3 minutes above 500 requests per target and minute, the newest at 750 per target and minute" in reasons


def test_a_load_balancer_without_requests_publishes_nothing_so_nothing_is_removed() -> None:
    assert Service(5, metric="requests-per-target", target=60.0).minutes(40, Demand()) == 5
    published = Service(5, metric="requests-per-target", target=60.0, silence_is_missing=False)
    assert published.minutes(40, Demand()) == 1


def test_a_minute_with_a_single_request_is_data() -> None:
    service = Service(5, metric="requests-per-target", target=60.0)
    assert service.minutes(20, lambda second: Demand(requests=int(second % 60 == 0))) == 1


def test_of_several_policies_the_largest_scale_out_is_carried_out() -> None:
    also = (TrackedMetric("memory", target=0.5), TrackedMetric("requests-per-target", target=300.0))
    service = Service(4, target=0.6, memory_gb=2.0, also=also)
    demand = Demand(cpu=3.0, gb=7.0, requests=35)
    # by CPU 5, by memory 7, by requests 7
    assert [needed(3.0, 0.6), needed(7.0, 1.0), needed(35 * 60, 300)] == [5, 7, 7]
    assert service.minutes(7, demand) == 7


def test_a_scale_in_needs_all_policies_and_keeps_the_largest_of_their_capacities() -> None:
    also = (TrackedMetric("memory", target=0.5),)
    # by CPU 2 are enough; memory is between its two alarms, so it does not allow a scale-in
    between = Service(10, target=0.6, memory_gb=2.0, also=also)
    assert between.minutes(40, Demand(cpu=1.0, gb=9.5)) == 10
    assert between.last is not None
    # by memory 4 are enough, so 4 remain
    both = Service(10, target=0.6, memory_gb=2.0, also=also)
    assert both.minutes(18, Demand(cpu=1.0, gb=4.0)) == needed(4.0, 1.0) == 4


def test_missing_data_of_one_policy_prevents_the_scale_in_of_all() -> None:
    also = (TrackedMetric("requests-per-target", target=60.0),)
    assert Service(10, also=also).minutes(40, Demand(cpu=1.0)) == 10


def test_a_policy_without_scale_in_neither_removes_nor_prevents() -> None:
    also = (TrackedMetric("memory", target=0.5, scale_in=False),)
    assert Service(10, target=0.6, memory_gb=2.0, also=also).minutes(18, Demand(cpu=1.0, gb=9.5)) == needed(1.0, 0.6)
    assert Service(10, target=0.6, scale_in=False).minutes(40, Demand(cpu=1.0)) == 10


def test_scale_in_is_off_during_a_deployment_and_scale_out_is_not() -> None:
    service = Service(10)
    service.deploys = True
    assert service.minutes(40, Demand(cpu=1.0)) == 10
    assert service.last is not None
    assert service.minutes(7, Demand(cpu=8.4)) == needed(8.4, 0.7)
    service.deploys = False
    assert service.minutes(20, Demand(cpu=1.0)) == needed(1.0, 0.7)


def test_two_of_three_points_cause_an_alarm_if_the_alarm_says_so() -> None:
    def alternating(second: int) -> Demand:
        return Demand(cpu=4.0 if second // 60 % 3 else 1.0)  # one low minute, then two high ones

    assert Service(4).minutes(15, alternating) == 4
    assert Service(4, out_breaching=2).minutes(15, alternating) > 4


def test_the_metrics_of_a_policy_are_its_signals() -> None:
    also = (TrackedMetric("memory", target=0.5), TrackedMetric("requests-per-target", target=300.0))
    parameters = TargetTrackingParameters(also=also, metric_period_s=20)
    assert parameters.needs == {"cpu", "memory"}
    assert [each.metric_period_s for each in parameters.each] == [20, 20, 60]
    triggers = {str(trigger.signal): trigger.above for trigger in parameters.requires(SCALING).triggers}
    assert triggers == pytest.approx({"CPU": 0.7, "memory": 1.0, "requests per second": 5.0})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"metric": "requests-per-target"}, "must be given with a target: requests per target and minute"),
        ({"metric": "disk"}, "metric = 'disk', must be one of"),
        ({"out_breaching": 4}, "out_breaching = 4, must be"),
        ({"memory_gb": 0.0}, "memory_gb = 0, must be"),
    ],
)
def test_bad_parameters_are_named(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        TargetTrackingParameters(**changes)
    assert expected in str(caught.value)


@pytest.mark.parametrize(("first_s", "period_s"), [(20.0, 60.0), (60.0, 60.0), (90.0, 60.0), (300.0, 300.0)])
def test_requests_have_points_of_whole_minutes_beside_any_other_metric(first_s: float, period_s: float) -> None:
    also = (TrackedMetric("requests-per-target", target=60.0), TrackedMetric("memory"))
    parameters = TargetTrackingParameters(metric_period_s=first_s, also=also)
    assert [each.metric_period_s for each in parameters.each] == [first_s, period_s, first_s]


def test_what_a_further_metric_cannot_take_over_is_rejected_with_its_place() -> None:
    also = (TrackedMetric("memory"), TrackedMetric("memory", metric_period_s=300.0))
    with pytest.raises(ValueError, match=r"^also\[1\]: in_breaching = 9, must be 1 to 3$"):
        TargetTrackingParameters(in_breaching=9, also=also)
