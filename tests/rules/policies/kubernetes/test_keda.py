from __future__ import annotations

from typing import Any

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.kubernetes.keda import KedaParameters, KedaPolicy
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=10, min_size=0, max_size=100)


class ScaledService:
    """A service whose replicas are ready at once."""

    def __init__(self, ready: int = 0, **changes: Any) -> None:
        self.policy = KedaPolicy(KedaParameters(**changes), SCALING)
        self.ready = ready
        self.second = 0

    def offer(self, in_flight: float, seconds: int) -> list[tuple[int, int]]:
        """Return (time, new number of replicas) for each change."""
        changes = []
        for _ in range(seconds):
            self.policy.observe(sample(self.second, in_flight, finished=round(in_flight), ready=self.ready))
            self.second += 1
            desired = self.policy.decide(observation(self.second, SCALING, ready=self.ready)).desired
            if desired != self.ready:
                changes.append((self.second, desired))
            self.ready = desired
        return changes


def test_a_service_at_zero_starts_a_replica_at_the_next_poll_and_scales_at_the_next_sync() -> None:
    service = ScaledService(metric_window_s=1.0)
    assert service.offer(0, 1) == []
    # polled at 30 s, synced at 45 s: ceil(28 / 7)
    assert service.offer(28, 50) == [(30, 1), (45, 4)]


def test_requests_alone_do_not_start_a_replica() -> None:
    assert KedaPolicy.reacts_to_queue is False


@pytest.mark.case("L40")
def test_the_service_scales_to_zero_at_the_first_poll_five_minutes_after_the_last_activity() -> None:
    service = ScaledService(metric_window_s=1.0)
    service.offer(5, 100)  # polls at 30, 60, 90 s
    assert service.offer(0, 319) == []
    # at 390 s it is exactly five minutes; seconds between polls are not considered
    assert service.offer(0, 1) == [(420, 0)]


@pytest.mark.case("L40")
def test_scale_to_zero_does_not_happen_between_two_polls() -> None:
    service = ScaledService(metric_window_s=1.0, cooldown_s=45.0)
    service.offer(5, 31)  # the poll at 30 s
    # 75 s is after the cooldown, but there is no poll; 60 s is within the cooldown
    assert service.offer(0, 60) == [(90, 0)]


def test_the_initial_cooldown_keeps_the_replicas_of_a_new_service() -> None:
    assert ScaledService(ready=1).offer(0, 10) == [(1, 0)]
    assert ScaledService(ready=1, initial_cooldown_s=60.0).offer(0, 61) == [(60, 0)]


def test_activity_is_above_the_activation_target() -> None:
    service = ScaledService(metric_window_s=1.0, activation_target=5.0)
    assert service.offer(5, 61) == []
    assert service.offer(5.1, 30) == [(90, 1)]


def test_a_metric_of_type_value_scales_in_proportion_to_the_ready_replicas() -> None:
    service = ScaledService(ready=3, metric_window_s=1.0, metric_type="value", target=5.0)
    # Validation case 45: 20 for a target of 5 with 3 replicas needs 12; the default limit adds 4 at most, or doubles.
    assert service.offer(20, 1) == [(1, 7)]


def test_with_a_min_size_it_never_goes_to_zero() -> None:
    policy = KedaPolicy(KedaParameters(), SCALING)
    bounds = AutoScalingConfiguration(max_concurrency=10, min_size=2, max_size=100)
    decision = None
    for second in range(900):
        policy.observe(sample(second))
        decision = policy.decide(observation(second + 1, bounds, ready=2))
    assert decision is not None
    assert decision.desired == 2


def test_the_defaults_are_the_documented_ones() -> None:
    parameters = KedaParameters()
    assert (parameters.polling_s, parameters.cooldown_s, parameters.initial_cooldown_s) == (30, 300, 0)


def test_a_rate_has_no_default_target() -> None:
    with pytest.raises(ValueError, match="must be given with a target"):
        KedaParameters(metric="requests")
