from __future__ import annotations

import csv
import io
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.scaling import AutoScalingConfiguration
from simulator.replay.runner import Run, play
from simulator.rules.policies.aws.lambda_ import LambdaParameters, LambdaPolicy
from simulator.rules.policies.port import Decision
from simulator.scenario.scenario import read_scenario
from tests.rules.policies.services import observation, sample

ACCOUNT = AutoScalingConfiguration(max_concurrency=1, min_size=0, max_size=5000)


def asked(policy: LambdaPolicy, now_s: float, *, ready: int = 0, coming: int = 0, waiting: int = 0) -> Decision:
    return policy.decide(observation(now_s, ACCOUNT, ready=ready, coming=coming, waiting=waiting))


def test_each_queued_request_starts_an_environment() -> None:
    assert asked(LambdaPolicy(LambdaParameters(), ACCOUNT), 0, ready=3, waiting=2).desired == 5


def test_a_burst_starts_a_thousand_at_once_and_then_a_hundred_a_second() -> None:
    policy = LambdaPolicy(LambdaParameters(), ACCOUNT)
    started, totals = 0, []
    for second in range(4):
        started = asked(policy, second, coming=started, waiting=3000).desired
        totals.append(started)
    assert totals == [1000, 1100, 1200, 1300]


def test_the_bucket_does_not_grow_beyond_a_thousand() -> None:
    policy = LambdaPolicy(LambdaParameters(), ACCOUNT)
    assert asked(policy, 3600, waiting=3000).desired == 1000


def test_a_limit_by_the_rate_is_among_the_clamps() -> None:
    policy = LambdaPolicy(LambdaParameters(burst=2), ACCOUNT)
    assert asked(policy, 0, waiting=5).clamps == ("start rate: 2",)


def test_starts_that_max_size_prevents_take_no_token() -> None:
    full = AutoScalingConfiguration(max_concurrency=1, min_size=0, max_size=10)
    policy = LambdaPolicy(LambdaParameters(), full)
    decision = policy.decide(observation(0, full, ready=8, waiting=5))
    assert (decision.desired, dict(decision.inputs)["tokens"]) == (10, 998)


def test_idle_environments_expire_after_ten_and_a_half_minutes_and_the_policy_itself_removes_none() -> None:
    policy = LambdaPolicy(LambdaParameters(), ACCOUNT)
    assert (policy.actuator.idle_expiry_s, policy.reacts_to_queue) == (630, True)
    assert asked(policy, 0, ready=7).desired == 7


def test_a_bucket_of_size_zero_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"^burst = 0, must be 1 to 1e\+06$"):
        LambdaParameters(burst=0)


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(0, 4000)), max_size=30))
def test_no_period_has_more_starts_than_bucket_and_refill_allow(steps: list[tuple[float, int]]) -> None:
    policy, now_s, coming = LambdaPolicy(LambdaParameters(), ACCOUNT), 0.0, 0
    for ahead_s, waiting in steps:
        now_s += ahead_s
        coming = asked(policy, now_s, coming=coming, waiting=waiting).desired
        assert coming <= 1000 + 100 * now_s + 1e-6


@pytest.mark.case("L36")
@pytest.mark.parametrize(
    ("rate", "ready", "needed"), [(10, 1, 1), (11, 1, 2), (100, 2, 10), (100, 12, 12), (10_000, 1, 1000)]
)
def test_an_environment_takes_at_most_ten_requests_per_second(rate: int, ready: int, needed: int) -> None:
    """For functions of 1 ms, the concurrency alone would need one environment or none."""
    policy = LambdaPolicy(LambdaParameters(), ACCOUNT)
    policy.observe(sample(0, rate * 0.001, finished=rate, service_s=rate * 0.001, ready=ready))
    decision = asked(policy, 1, ready=ready)
    assert decision.desired == needed
    if needed > ready:
        assert decision.reason == f"{rate} requests/s are more than {ready} environments may take"


@pytest.mark.case("L36")
def test_the_rate_adds_nothing_where_concurrency_needs_more() -> None:
    policy = LambdaPolicy(LambdaParameters(), ACCOUNT)
    policy.observe(sample(0, 30.0, finished=30, service_s=30.0, ready=20))
    assert asked(policy, 1, ready=20, waiting=10).desired == 30


@pytest.mark.parametrize(
    ("burst", "max_size", "waiting", "allowed"), [(20, 100, 1, 20), (20, 100, 50, 20), (20, 8, 5, 8), (20, 8, 50, 8)]
)
def test_only_requests_with_an_environment_that_may_start_are_queued(
    burst: int, max_size: int, waiting: int, allowed: int
) -> None:
    scaling = AutoScalingConfiguration(max_concurrency=1, min_size=0, max_size=max_size)
    policy = LambdaPolicy(LambdaParameters(burst=burst), scaling)
    assert policy.decide(observation(0, scaling, ready=0, waiting=waiting)).queue_max == allowed


def burst_of(requests: int, max_size: int, policy: str) -> Counter[tuple[int, bool]]:
    """Return the numbers of (status, was answered at once) of simultaneous requests to a function at zero."""
    text = f"""
        duration: 30s
        services:
          function:
            min_size: 0
            max_size: {max_size}
            max_concurrency: 1
            overflow: {{mode: queue, wait: 10s, queue: 1000}}
            balancing: newest-first
            policy: {{name: lambda, runtime: python3.13, {policy}}}
            application: {{simulated: {{io: 15s}}}}
        traffic:
          - at_once: {{requests: {requests}, at: 5s}}
    """
    rows = io.StringIO()
    play(Run(read_scenario(text), csv=rows), signals=False)
    return Counter(
        (int(row["status"]), float(row["latency_s"]) == 0) for row in csv.DictReader(io.StringIO(rows.getvalue()))
    )


def test_requests_beyond_the_scaling_rate_get_429_at_once() -> None:
    assert burst_of(50, 100, "burst: 20, refill: 0.1/s") == {(200, False): 20, (429, True): 30}


def test_requests_beyond_the_accounts_concurrency_get_429_at_once() -> None:
    assert burst_of(50, 35, "burst: 1000") == {(200, False): 35, (429, True): 15}
