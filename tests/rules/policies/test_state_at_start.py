"""The state that controllers take over at their first evaluation, which test vectors of pure functions do not cover."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.registry import POLICIES
from tests.rules.policies.services import observation, sample

TEN = 10
PARAMETERS: dict[str, dict[str, Any]] = {
    "hpa": {"metric": "concurrency"},
    "predictive-hpa": {"metric": "concurrency"},
    "keda": {"metric_window_s": 1.0},
    "keda-http": {"concurrency_target": 7.0},
    "container-apps": {"concurrent_requests": 7.0},
}


def followed(name: str, ready: int, load: float, seconds: int, **more: Any) -> list[tuple[int, int]]:
    """Return (time, new count) for each change. Instances are ready at once; `load` requests are in flight, and as many
    arrive per second.
    """
    scaling = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=20)
    kind = POLICIES[name]
    policy = kind.build(kind.parameters(**PARAMETERS[name], **more), scaling)
    changes = []
    for second in range(seconds):
        policy.observe(sample(second, load, finished=round(load), service_s=load, ready=ready))
        now_s = second + 1
        if now_s % policy.tick_s:
            continue
        decision = policy.decide(observation(now_s, scaling, ready=ready, in_flight=round(load)))
        if decision is not None and decision.desired != ready:
            changes.append((now_s, decision.desired))
            ready = decision.desired
    return changes


@pytest.mark.case("L24")
@pytest.mark.parametrize("name", PARAMETERS)
def test_ten_replicas_with_load_for_one_stay_ten_for_the_first_down_window(name: str) -> None:
    """As recordInitialRecommendation of horizontal.go, which is called after the scale is read and before any rule."""
    [(at_s, desired), *_] = followed(name, TEN, 7.0, 400)
    assert 300 <= at_s <= 330, "five minutes after the first look, at the next sync"
    assert desired == (5 if name == "predictive-hpa" else 1)  # the line through its last counts falls more slowly


@pytest.mark.case("L24")
@pytest.mark.parametrize("name", PARAMETERS)
def test_the_first_evaluation_does_not_delay_scale_out(name: str) -> None:
    [(at_s, desired), *_] = followed(name, 1, 21.0, 100)
    assert at_s <= 45
    assert desired >= 3


@pytest.mark.case("L24")
def test_the_window_of_the_first_evaluation_is_the_configured_one() -> None:
    [(at_s, _), *_] = followed("hpa", TEN, 7.0, 400, scale_down_stabilisation_s=60.0)
    assert 75 <= at_s <= 90


@pytest.mark.case("L24")
def test_a_service_found_at_zero_keeps_no_instances() -> None:
    """KEDA's HPA finds 0 replicas at its first evaluation; these are not a recommendation to keep instances."""
    scaling = AutoScalingConfiguration(max_concurrency=10, min_size=0, max_size=20)
    kind = POLICIES["keda"]
    policy = kind.build(kind.parameters(metric_window_s=1.0), scaling)
    ready, seen = 0, {}
    for second in range(120):
        load = 70.0 if second < 50 else 7.0
        policy.observe(sample(second, load, finished=1, service_s=1.0, ready=ready))
        decision = policy.decide(observation(second + 1, scaling, ready=ready))
        assert decision is not None
        ready = seen[second + 1] = decision.desired
    assert (seen[1], seen[15], seen[30]) == (1, 5, 10)  # started at the first poll, then as fast as the limits allow
    assert seen[120] == 10, "the greatest recommendation of the window keeps it"


@pytest.mark.case("L24")
@pytest.mark.parametrize(("ready", "after"), [(1, 1), (5, 5)])
def test_knative_starts_in_panic_with_more_than_one_pod(ready: int, after: int) -> None:
    """As newAutoscaler of autoscaler.go: without history no instance may be removed."""
    scaling = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=20)
    kind = POLICIES["knative"]
    policy = kind.build(kind.parameters(), scaling)
    seen = []
    for second in range(80):
        policy.observe(sample(second, 1.0, ready=ready))
        if second % 2:
            decision = policy.decide(observation(second + 1, scaling, ready=ready))
            assert decision is not None
            seen.append((second + 1, decision.desired))
    assert [desired for at_s, desired in seen if at_s <= 60] == [after] * 30
    if ready > 1:
        assert seen[-1][1] < ready
