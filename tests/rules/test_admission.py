from __future__ import annotations

import pytest

from simulator.rules.admission import Admission, AdmissionDecision, Overflow
from simulator.rules.balancing import LeastOutstanding, Target

StringAdmission = Admission[str, Target]


def new_admission(
    capacity: int = 1, *, wait_s: float = 10.0, queue: int = 100, front: int = 0, reserve: int = 0
) -> StringAdmission:
    """Return an admission with that many instances in each tier, numbered from 1, the front tier first."""
    admission: StringAdmission = Admission(LeastOutstanding, capacity, Overflow(wait_s, queue))
    for number in range(1, front + reserve + 1):
        admission.add(Target(number), front=number <= front)
    return admission


def granted(verdict: Target | AdmissionDecision) -> Target:
    assert isinstance(verdict, Target)
    return verdict


def test_a_request_gets_a_free_slot_at_once() -> None:
    assert granted(new_admission(front=1).offer("a", 0.0)).number == 1


def test_a_request_without_a_slot_is_queued_if_a_queue_is_configured() -> None:
    admission = new_admission(front=1)
    admission.offer("a", 0.0)
    assert admission.offer("b", 0.0) is AdmissionDecision.WAITS
    assert admission.waiting == 1


def test_a_request_without_a_slot_is_rejected_without_a_queue() -> None:
    admission = new_admission(front=1, wait_s=0, queue=0)
    admission.offer("a", 0.0)
    assert admission.offer("b", 0.0) is AdmissionDecision.REJECTED


def test_a_full_queue_rejects() -> None:
    admission = new_admission(queue=2)
    verdicts = [admission.offer(ticket, 0.0) for ticket in "abc"]
    assert verdicts == [AdmissionDecision.WAITS, AdmissionDecision.WAITS, AdmissionDecision.REJECTED]


def test_a_released_slot_goes_to_the_longest_waiting() -> None:
    admission = new_admission(front=1)
    target = granted(admission.offer("a", 0.0))
    admission.offer("b", 1.0)
    admission.offer("c", 2.0)
    assert admission.release(target) == ("b", target)
    assert target.outstanding == 1


def test_a_slot_released_with_an_empty_queue_is_free() -> None:
    admission = new_admission(front=1)
    target = granted(admission.offer("a", 0.0))
    assert admission.release(target) is None
    assert admission.offer("b", 1.0) is target


def test_a_new_target_takes_queued_requests_in_order() -> None:
    admission = new_admission(capacity=2)
    for ticket in "abc":
        admission.offer(ticket, 0.0)
    target = Target(1)
    assert admission.add(target, front=True) == [("a", target), ("b", target)]
    assert admission.waiting == 1


def test_the_reserve_is_used_only_when_the_front_is_full() -> None:
    admission = new_admission(capacity=2, front=1, reserve=1)
    numbers = [granted(admission.offer(ticket, 0.0)).number for ticket in "abcd"]
    assert numbers == [1, 1, 2, 2]


def test_a_target_that_changes_its_tier_keeps_its_requests() -> None:
    admission = new_admission(capacity=2, front=2)
    first = granted(admission.offer("a", 0.0))
    admission.move(first, front=False)
    assert [granted(admission.offer(ticket, 0.0)).number for ticket in "bcd"] == [2, 2, 1]
    assert first.outstanding == 2


def test_moving_a_removed_target_does_not_return_it_to_service() -> None:
    admission = new_admission(front=1, wait_s=0, queue=0)
    target = granted(admission.offer("a", 0.0))
    admission.remove(target)
    admission.move(target, front=True)
    admission.release(target)
    assert admission.offer("b", 0.0) is AdmissionDecision.REJECTED


def test_a_removed_target_gets_no_queued_request() -> None:
    admission = new_admission(front=1)
    target = granted(admission.offer("a", 0.0))
    admission.offer("b", 0.0)
    admission.remove(target)
    assert admission.release(target) is None
    assert target.outstanding == 0
    assert admission.waiting == 1


def test_removing_a_target_twice_has_no_further_effect() -> None:
    admission = new_admission(front=1, wait_s=0, queue=0)
    target = granted(admission.offer("a", 0.0))
    admission.remove(target)
    admission.remove(target)
    assert admission.offer("b", 0.0) is AdmissionDecision.REJECTED


def test_a_request_that_leaves_the_queue_gets_no_slot() -> None:
    admission = new_admission(front=1)
    target = granted(admission.offer("a", 0.0))
    admission.offer("b", 0.0)
    admission.offer("c", 0.0)
    assert admission.abandon("b")
    assert admission.release(target) == ("c", target)


def test_abandoning_a_request_that_is_not_queued_changes_nothing() -> None:
    admission = new_admission(front=1)
    admission.offer("a", 0.0)
    assert not admission.abandon("a")


def test_expired_requests_are_returned_in_order_of_arrival() -> None:
    admission = new_admission(wait_s=10.0)
    for now, ticket in enumerate("abc"):
        admission.offer(ticket, float(now))
    assert admission.next_expiry() == 10.0
    assert admission.expire(11.0) == ["a", "b"]
    assert admission.next_expiry() == 12.0
    assert admission.waiting == 1


def test_a_raised_capacity_grants_slots_to_queued_requests() -> None:
    admission = new_admission(front=1)
    target = granted(admission.offer("a", 0.0))
    admission.offer("b", 0.0)
    admission.offer("c", 0.0)
    assert admission.resize(2) == [("b", target)]
    assert admission.capacity == 2


def test_a_lowered_capacity_lets_an_instance_finish_its_requests() -> None:
    admission = new_admission(capacity=2, front=1)
    target = granted(admission.offer("a", 0.0))
    admission.offer("b", 0.0)
    admission.offer("c", 0.0)
    assert admission.resize(1) == []
    assert target.outstanding == 2
    assert admission.release(target) is None  # one is left, which is all that it may have now
    assert admission.release(target) == ("c", target)


@pytest.mark.parametrize(("wait_s", "queue"), [(-1, 1), (1, 0), (0, -1)])
def test_an_overflow_out_of_range_is_rejected(wait_s: float, queue: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        Overflow(wait_s, queue)


def test_a_queue_timeout_of_zero_disables_the_queue() -> None:
    assert not Overflow(0.0, 5).holds
    assert Overflow(0.1, 5).holds


@pytest.mark.parametrize("tier", [True, False])
def test_another_slot_is_never_one_of_an_avoided_target(tier: bool) -> None:
    admission = Admission[str, Target](LeastOutstanding, 2, Overflow())
    targets = [Target(number) for number in range(3)]
    for target in targets:
        admission.add(target, front=tier)
    taken = [admission.take_other(targets[:2]) for _ in range(3)]
    assert taken == [targets[2], targets[2], None]
    assert [target.outstanding for target in targets] == [0, 0, 2]
    assert all(admission.is_front(target) is tier for target in targets)
