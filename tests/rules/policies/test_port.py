"""Properties that every registered policy must have, whatever its rule (rules/policies/port.py)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.oracle import OracleParameters
from simulator.rules.policies.port import Decision, Policy
from simulator.rules.policies.registry import POLICIES, PolicyKind
from tests.rules.policies.services import observation, sample


@dataclass(frozen=True)
class Span:
    """A number of seconds in one situation, with one configuration."""

    seconds: int
    in_flight: float
    waiting: int
    rejected: int
    ready: int
    coming: int
    cpu_share: float
    latency_s: float
    max_concurrency: int
    min_size: int
    above_min: int

    def scaling(self, *, zero: bool) -> AutoScalingConfiguration:
        least = self.min_size if zero else max(1, self.min_size)
        return AutoScalingConfiguration(self.max_concurrency, least, max(1, least + self.above_min))


SPANS = st.lists(
    st.builds(
        Span,
        seconds=st.sampled_from([1, 7, 60, 400]),
        in_flight=st.floats(0, 3000),
        waiting=st.integers(0, 500),
        rejected=st.integers(0, 500),
        ready=st.integers(0, 30),
        coming=st.integers(0, 10),
        cpu_share=st.floats(0, 1),
        latency_s=st.floats(0, 30),
        max_concurrency=st.sampled_from([1, 3, 80, 200]),
        min_size=st.integers(0, 25),
        above_min=st.integers(0, 40),
    ),
    min_size=1,
    max_size=5,
)
KINDS = pytest.mark.parametrize("kind", POLICIES.values(), ids=list(POLICIES))


def build(kind: PolicyKind, scaling: AutoScalingConfiguration) -> Policy:
    parameters: Any = kind.parameters()
    if isinstance(parameters, OracleParameters):
        parameters = OracleParameters(demand=tuple(second * 7 % 50 for second in range(300)), start_lag_s=20)
    return kind.build(parameters, scaling)


def run(kind: PolicyKind, spans: list[Span]) -> Iterator[tuple[Policy, AutoScalingConfiguration, Decision | None]]:
    """Yield every decision of a policy, at each of its ticks and, if queued requests trigger it, once more in each
    span.
    """
    policy = build(kind, spans[0].scaling(zero=kind.scales_to_zero))
    second, tick = 0, 1
    for span in spans:
        scaling = span.scaling(zero=kind.scales_to_zero)
        for end in range(second + 1, second + span.seconds + 1):
            policy.observe(
                sample(
                    end - 1,
                    span.in_flight,
                    rejected=span.rejected,
                    finished=round(span.in_flight),
                    service_s=span.in_flight,
                    ready=span.ready,
                    cpu_s=span.cpu_share * span.ready,
                    latency_p95_s=span.latency_s,
                )
            )
            while tick * policy.tick_s <= end:
                tick += 1
                if tick * policy.tick_s > end:
                    yield policy, scaling, policy.decide(seen(span, end, scaling))
        second += span.seconds
        if policy.reacts_to_queue:
            yield policy, scaling, policy.decide(seen(span, second, scaling))


def seen(span: Span, now_s: float, scaling: AutoScalingConfiguration) -> Any:
    return observation(
        now_s,
        scaling,
        ready=span.ready,
        coming=span.coming,
        in_flight=round(span.in_flight),
        waiting=span.waiting,
    )


@KINDS
@settings(max_examples=settings().max_examples // 5)
@given(spans=SPANS)
def test_every_decision_is_within_the_current_bounds_and_has_a_reason(kind: PolicyKind, spans: list[Span]) -> None:
    for policy, scaling, decision in run(kind, spans):
        if decision is None:
            continue
        least = 0 if policy.actuator.activates else scaling.min_size
        assert least <= decision.desired <= scaling.max_size
        assert decision.formula
        assert decision.reason
        assert all(name and math.isfinite(value) for name, value in decision.inputs)
        assert all(decision.clamps)


@KINDS
@settings(max_examples=settings().max_examples // 5)
@given(spans=SPANS)
def test_the_same_signal_gives_the_same_decisions(kind: PolicyKind, spans: list[Span]) -> None:
    first = [decision for _, _, decision in run(kind, spans)]
    assert [decision for _, _, decision in run(kind, spans)] == first


# App Runner's desired count may be below MinSize; with `fixed` and `scheduled` MinSize is the desired count itself by
# default.
@pytest.mark.parametrize("name", [name for name in POLICIES if name not in {"app-runner", "fixed", "scheduled"}])
def test_a_bound_that_changes_the_desired_count_is_among_the_clamps(name: str) -> None:
    before = AutoScalingConfiguration(10, 1, 20)
    policy = build(POLICIES[name], before)
    policy.observe(sample(0, 5, ready=8))
    policy.decide(observation(1, before, ready=8, in_flight=5))
    after = AutoScalingConfiguration(10, 12, 13)
    now_s = max(2.0, policy.tick_s * 2)
    decision = policy.decide(observation(now_s, after, ready=8, in_flight=5))
    assert decision is not None
    assert decision.desired in {12, 13}
    assert any(clamp.endswith(("_size = 12", "_size = 13")) for clamp in decision.clamps)
