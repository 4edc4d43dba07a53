from __future__ import annotations

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.kubernetes.container_apps import ContainerAppsParameters, ContainerAppsPolicy
from simulator.rules.policies.port import Actuator
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=100, min_size=0, max_size=300)


class App:
    """An app whose replicas are ready at once."""

    def __init__(self, ready: int = 0) -> None:
        self.policy = ContainerAppsPolicy(ContainerAppsParameters(), SCALING)
        self.ready = ready
        self.second = 0

    def offer(self, rate_rps: int, seconds: int) -> list[int]:
        """Return the distinct numbers of replicas during that many seconds, in order."""
        seen = [self.ready]
        for _ in range(seconds):
            self.policy.observe(sample(self.second, finished=rate_rps, ready=self.ready))
            self.second += 1
            self.ready = self.policy.decide(observation(self.second, SCALING, ready=self.ready)).desired
            if self.ready != seen[-1]:
                seen.append(self.ready)
        return seen


def test_the_concurrency_of_container_apps_is_a_rate_over_fifteen_seconds() -> None:
    # 41 requests/s of any duration, 10 per replica: ceil(4.1)
    assert App(ready=4).offer(45, 15) == [4, 5]


def test_scale_out_adds_four_replicas_or_doubles_them_each_period() -> None:
    assert App().offer(2000, 100) == [0, 1, 5, 10, 20, 40, 80, 160]


def test_requests_in_progress_count_even_if_none_arrives() -> None:
    """Five open streams and 40 requests that do not end, 10 per replica."""
    app = App(ready=1)
    for second in range(45):
        app.policy.observe(sample(second, finished=0, ready=app.ready, in_flight=45))
        app.ready = app.policy.decide(observation(second + 1, SCALING, ready=app.ready, in_flight=45)).desired
    assert app.ready == 5


def test_a_constant_lag_replaces_the_stages() -> None:
    assert ContainerAppsPolicy(ContainerAppsParameters(start_lag_s=3.0), SCALING).actuator == Actuator(
        start_lag_s=3.0, startup_probe_s=1.0
    )
    # 0.2 x (1.05 + 10.85 + 4.3) + 0.8 x (1.05 + 10.85 + 12.05)
    assert ContainerAppsPolicy(ContainerAppsParameters(), SCALING).actuator.start_lag_s == pytest.approx(22.4)


def test_a_service_at_zero_starts_a_replica_within_a_second_of_the_first_request() -> None:
    app = App()
    assert app.offer(0, 40) == [0]
    assert app.offer(1, 1) == [0, 1]


def test_a_queued_request_starts_a_replica_within_its_second() -> None:
    policy = ContainerAppsPolicy(ContainerAppsParameters(), SCALING)
    assert policy.decide(observation(0.2, SCALING, ready=0, waiting=1)).desired == 1


def test_the_service_scales_to_zero_after_five_minutes_without_a_request() -> None:
    app = App()
    app.offer(1, 10)
    assert app.offer(0, 319) == [1]  # the last request was in the tenth second
    assert app.offer(0, 1) == [1, 0]  # strictly more than 300 s later, at a poll of 30 s


def test_a_scale_in_applies_after_five_minutes() -> None:
    app = App(ready=16)
    app.offer(160, 30)
    assert app.offer(40, 299) == [16]
    assert app.offer(40, 1) == [16, 4]  # at 330 s the recommendation of 30 s has left the window


def test_the_defaults_are_the_documented_ones() -> None:
    parameters = ContainerAppsParameters()
    assert (parameters.concurrent_requests, parameters.period_s, parameters.cooldown_s) == (10, 15, 300)


def test_a_target_of_zero_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"^concurrent_requests = 0, must be above 0$"):
        ContainerAppsParameters(concurrent_requests=0)
