from __future__ import annotations

from simulator.model.times import RunTime
from simulator.records.events import ScalingDecided
from simulator.records.instance_time import StepFunction
from simulator.records.scale_out import cancelled_scale_outs, scale_outs


def decided(at_s: float, before: int, desired: int, service: str = "web") -> ScalingDecided:
    return ScalingDecided(RunTime(at_s), service, "fixed", before, desired, "", "", (), ())


def ready_at(*times_s: float) -> StepFunction:
    """Return a step function with one more ready instance at each of the times."""
    steps = StepFunction()
    for at_s in times_s:
        steps.change(at_s, 1)
    return steps


def delays(*decisions: ScalingDecided, ready: StepFunction, end_s: float = 100) -> list[tuple[float, bool]]:
    return [(raised.delay_s, raised.fulfilled) for raised in scale_outs("web", decisions, ready, end_s)]


def test_the_delay_ends_when_the_desired_count_is_ready() -> None:
    assert delays(decided(10, 1, 3), ready=ready_at(0, 14, 17)) == [(7, True)]


def test_enough_ready_instances_at_the_decision_are_no_delay() -> None:
    assert delays(decided(10, 1, 2), ready=ready_at(0, 5)) == [(0, True)]


def test_a_second_raise_does_not_change_the_delay_of_the_first() -> None:
    ready = ready_at(0, 14, 17)
    assert delays(decided(10, 1, 2), decided(12, 2, 3), ready=ready) == [(4, True), (5, True)]


def test_a_raise_cancelled_before_it_was_fulfilled_has_no_delay() -> None:
    assert delays(decided(10, 1, 3), decided(12, 3, 1), ready=ready_at(0, 14, 17)) == []


def test_a_raise_lowered_after_it_was_fulfilled_keeps_its_delay() -> None:
    assert delays(decided(10, 1, 2), decided(20, 2, 1), ready=ready_at(0, 14)) == [(4, True)]


def test_an_unfulfilled_raise_has_at_least_the_time_to_the_end() -> None:
    assert delays(decided(10, 1, 3), ready=ready_at(0), end_s=60) == [(50, False)]


def test_lowering_the_desired_count_and_other_services_are_not_scale_outs() -> None:
    assert delays(decided(10, 3, 1), decided(11, 1, 5, "api"), ready=ready_at(0)) == []


def test_a_cancelled_raise_lasts_until_the_decision_that_cancelled_it() -> None:
    decisions = [decided(10, 1, 3), decided(15, 3, 2), decided(40, 2, 4)]
    (cancelled,) = cancelled_scale_outs("web", decisions, ready_at(0, 14, 17))
    assert (float(cancelled.decided.at_s), cancelled.delay_s, cancelled.fulfilled) == (10.0, 5, False)
    assert cancelled_scale_outs("web", decisions, ready_at(0, 11, 12)) == []
