from __future__ import annotations

from typing import Any

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.kubernetes.hpa import HpaParameters, HpaPolicy
from simulator.rules.policies.kubernetes.hpa_behaviour import RateLimit
from simulator.rules.policies.port import Decision
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=200)


class Cluster:
    """A cluster with `ready` pods, each of which uses the given share of its CPU; decisions every 15 s."""

    def __init__(self, **changes: Any) -> None:
        self.policy = HpaPolicy(HpaParameters(**changes), SCALING)
        self.second = 0

    def after(self, seconds: int, cpu_share: float, *, ready: int, coming: int = 0, in_flight: float = 0.0) -> Decision:
        """Return the last decision of that many seconds (a multiple of 15)."""
        decision = None
        for _ in range(seconds):
            self.policy.observe(sample(self.second, in_flight, ready=ready, cpu_s=cpu_share * ready))
            self.second += 1
            if self.second % 15 == 0:
                decision = self.policy.decide(observation(self.second, SCALING, ready=ready, coming=coming))
        assert decision is not None
        return decision


def test_a_utilisation_of_twice_the_target_doubles_the_replicas() -> None:
    assert Cluster(target=0.4).after(60, 0.8, ready=3).desired == 6


def test_the_default_target_is_80_percent() -> None:
    decision = Cluster().after(60, 0.4, ready=10)
    assert decision.formula == "ceil(10 x 0.4 / 0.8) = 5"


def test_utilisation_is_read_in_whole_percent() -> None:
    # The controller truncates 88.9 % to 88 %: 88 / 80 = 1.1 exactly is outside the tolerance, 87 / 80 is inside.
    assert Cluster().after(60, 0.889, ready=10).desired == 11
    assert Cluster().after(60, 0.879, ready=10).desired == 10


def test_a_metric_point_is_visible_one_period_late() -> None:
    cluster = Cluster()
    cluster.after(30, 0.8, ready=4)
    assert cluster.after(15, 1.6, ready=4).desired == 4  # the point of the last 15 s is not published yet
    assert cluster.after(15, 1.6, ready=4).desired == 8


def test_a_point_covers_the_last_seconds_of_its_period_if_a_window_is_set() -> None:
    cluster = Cluster(metric_period_s=60, metric_window_s=10, metric_late_s=0, target=0.5)
    cluster.after(45, 2.0, ready=4)  # not in the window of the first point
    for _ in range(5):
        cluster.policy.observe(sample(cluster.second, 0.0, ready=4, cpu_s=4 * 2.0))
        cluster.second += 1
    for _ in range(10):
        cluster.policy.observe(sample(cluster.second, 0.0, ready=4, cpu_s=4 * 0.5))
        cluster.second += 1
    decision = cluster.policy.decide(observation(60, SCALING, ready=4))
    assert (decision.desired, dict(decision.inputs)["cpu"]) == (4, 0.5)
    with pytest.raises(ValueError, match="metric_window = 61s, must be whole seconds, 1s to 60s"):
        HpaParameters(metric_period_s=60, metric_window_s=61)


def test_without_a_metric_nothing_changes() -> None:
    decision = Cluster().after(15, 0.9, ready=3)
    assert (decision.desired, decision.reason) == (3, "no metric of a ready pod: nothing changes")


def test_starting_pods_count_as_idle_on_scale_out() -> None:
    # 3 ready pods at 160 % of 80 % need 6. With 3 starting ones, (3 x 160 + 3 x 0) / 6 is the target: nothing changes.
    cluster = Cluster()
    cluster.policy.replicas = 6
    assert cluster.after(60, 1.6, ready=3, coming=3).desired == 6


def test_the_cpu_of_a_pod_that_just_became_ready_is_ignored() -> None:
    cluster = Cluster()
    cluster.policy.replicas = 4
    cluster.after(60, 0.8, ready=2, coming=2)
    counts = [dict(cluster.after(15, 0.8, ready=4).inputs) for _ in range(2)]
    # At 75 s the point is of 45 to 60 s, before they were ready; at 90 s it is of 60 to 75 s.
    assert [(count["ready"], count["unready"]) for count in counts] == [(2, 2), (4, 0)]


def test_without_a_cpu_initialisation_period_a_fresh_pod_is_missing() -> None:
    cluster = Cluster(cpu_initialisation_s=0.0)
    cluster.policy.replicas = 4
    cluster.after(60, 0.8, ready=2, coming=2)
    count = dict(cluster.after(15, 0.8, ready=4).inputs)
    assert (count["ready"], count["unready"], count["missing"]) == (2, 0, 2)


def test_starting_instances_are_not_added_again_while_the_metric_is_late() -> None:
    cluster = Cluster(metric="concurrency", target=10.0)
    assert cluster.after(60, 0.0, ready=1, in_flight=40).desired == 4
    # The point is still of one pod with 40 in flight: 1 x 40 / 10, because the three new ones are missing.
    assert cluster.after(15, 0.0, ready=4, in_flight=40).desired == 4
    assert cluster.after(30, 0.0, ready=4, in_flight=40).desired == 4


def test_concurrency_per_pod_counts_every_ready_pod_and_has_70_percent_as_default_target() -> None:
    decision = Cluster(metric="concurrency").after(60, 0.0, ready=2, in_flight=28)
    assert decision.formula == "ceil(2 x 14 / 7) = 4"
    assert decision.desired == 4


def test_a_scale_in_applies_after_five_minutes_of_lower_recommendations() -> None:
    cluster = Cluster()
    cluster.after(60, 0.8, ready=10)  # the point of 45 to 60 s is visible at 75 s: the last recommendation of 10
    assert cluster.after(300, 0.4, ready=10).desired == 10
    assert cluster.after(15, 0.4, ready=10).desired == 5  # at 375 s it is 300 s old


def test_the_bounds_apply_without_any_metric() -> None:
    policy = HpaPolicy(HpaParameters(), SCALING)
    bounds = AutoScalingConfiguration(max_concurrency=10, min_size=4, max_size=5)
    decision = policy.decide(observation(15, bounds, ready=9))
    assert (decision.desired, decision.clamps) == (5, ("max_size = 5",))


def test_configured_limits_replace_the_defaults() -> None:
    cluster = Cluster(scale_up_limits=(RateLimit(pods=1, period_s=60),))
    assert cluster.after(60, 0.8, ready=3).desired == 3
    assert cluster.after(60, 8.0, ready=3).desired == 4
    assert cluster.after(60, 8.0, ready=4).desired == 5


def test_an_empty_list_of_limits_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"^scale_down_limits = \[\], must be at least one limit$"):
        HpaParameters(scale_down_limits=())
