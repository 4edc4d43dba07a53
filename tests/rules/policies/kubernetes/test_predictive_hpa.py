from __future__ import annotations

from collections.abc import Sequence

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.kubernetes.predictive_hpa import PredictiveHpaParameters, PredictiveHpaPolicy
from simulator.rules.policies.port import Decision
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=50)


def syncs(in_flight: Sequence[float], look_ahead_s: float = 10.0) -> list[Decision]:
    """Return the decisions of a service whose replicas are ready at once, with one load per 15 s."""
    policy = PredictiveHpaPolicy(
        PredictiveHpaParameters(metric="concurrency", target=10.0, look_ahead_s=look_ahead_s), SCALING
    )
    ready, decisions = 1, []
    for period, load in enumerate(in_flight):
        for second in range(period * 15, period * 15 + 15):
            policy.observe(sample(second, load, ready=ready))
        decision = policy.decide(observation(period * 15 + 15, SCALING, ready=ready))
        ready = decision.desired
        decisions.append(decision)
    return decisions


def test_a_rise_of_the_replicas_is_extrapolated() -> None:
    # The HPA alone follows 1, 1, 2, 3, 4, one period late; the line through these is above it at the end.
    last = syncs([10, 20, 30, 40, 50], look_ahead_s=15.0)[-1]
    inputs = dict(last.inputs)
    assert inputs["foreseen"] > inputs["hpa"]
    assert last.desired == 5
    assert "replicas are predicted in 15 s" in last.reason


def test_without_a_trend_the_hpa_decides() -> None:
    decisions = syncs([30] * 30)  # the step from 1 to 3 is extrapolated too far at first; then 300 s pass
    assert [decision.desired for decision in decisions[-3:]] == [3, 3, 3]


def test_a_falling_line_never_lowers_the_result_of_the_hpa() -> None:
    for decision in syncs([80] * 8 + [10] * 40):
        assert decision.desired >= dict(decision.inputs)["hpa"]


def test_the_defaults_are_those_of_its_examples() -> None:
    parameters = PredictiveHpaParameters()
    assert (parameters.look_ahead_s, parameters.history) == (10, 6)
