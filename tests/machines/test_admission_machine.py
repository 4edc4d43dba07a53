"""Admission compared with a reference that uses only lists: the same decisions for any sequence of calls."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from simulator.rules.admission import Admission, AdmissionDecision, Overflow
from simulator.rules.balancers import BALANCERS
from simulator.rules.balancing import Target
from simulator.world.random_streams import RandomStreams


@dataclass(eq=False)
class ReferenceTarget:
    """The state of a target in the reference."""

    place: Target
    front: bool | None  # None: not in service
    held: list[int] = field(default_factory=list)  # tickets


class AdmissionMachine(RuleBasedStateMachine):
    balancing = "least-outstanding"

    @initialize(capacity=st.integers(1, 3), queue=st.integers(0, 4), wait_s=st.sampled_from([0.0, 1.0, 5.0]))
    def begin(self, capacity: int, queue: int, wait_s: float) -> None:
        self.overflow = Overflow(wait_s, max(queue, 1) if wait_s else queue)
        self.admission: Admission[int, Target] = Admission(
            lambda slots: BALANCERS[self.balancing](slots, RandomStreams(1).stream("lot").random),
            capacity,
            self.overflow,
        )
        self.capacity = capacity
        self.now = 0.0
        self.seats: list[ReferenceTarget] = []
        self.queue: list[tuple[int, float]] = []  # (ticket, due)
        self.tickets = 0

    # --- the reference ------------------------------------------------------------------------------------------

    def seat(self, place: Target) -> ReferenceTarget:
        return next(seat for seat in self.seats if seat.place is place)

    def free(self) -> list[ReferenceTarget]:
        """Return the targets of which one must be chosen next: those of the front tier, if any is free."""
        able = [seat for seat in self.seats if seat.front is not None and len(seat.held) < self.capacity]
        return [seat for seat in able if seat.front] or able

    def check_granted(self, ticket: int, place: Target) -> None:
        allowed = self.free()
        if self.balancing == "newest-first":
            allowed = [max(allowed, key=lambda seat: seat.place.number)] if allowed else []
        else:
            least = min((len(seat.held) for seat in allowed), default=0)
            allowed = [seat for seat in allowed if len(seat.held) == least]
        seat = self.seat(place)
        assert seat in allowed
        seat.held.append(ticket)

    def check_grants(self, grants: list[tuple[int, Target]]) -> None:
        """Check that slots are granted in order of arrival, and no more than are free."""
        for ticket, place in grants:
            assert ticket == self.queue.pop(0)[0]
            self.check_granted(ticket, place)

    # --- rules --------------------------------------------------------------------------------------------------

    @rule()
    def offer(self) -> None:
        ticket = self.tickets
        self.tickets += 1
        verdict = self.admission.offer(ticket, self.now)
        if isinstance(verdict, Target):
            assert self.queue == []
            self.check_granted(ticket, verdict)
        elif verdict is AdmissionDecision.WAITS:
            assert self.overflow.holds
            assert len(self.queue) < self.overflow.queue
            self.queue.append((ticket, self.now + self.overflow.wait_s))
        else:
            assert not self.overflow.holds or len(self.queue) == self.overflow.queue

    @precondition(lambda self: any(seat.held for seat in self.seats))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        seat = data.draw(st.sampled_from([seat for seat in self.seats if seat.held]), label="of")
        seat.held.pop(0)
        grant = self.admission.release(seat.place)
        self.check_grants([grant] if grant is not None else [])

    @rule(data=st.data())
    def abandon(self, data: st.DataObject) -> None:
        ticket = data.draw(st.integers(0, max(self.tickets - 1, 0)), label="ticket")
        waiting = [entry for entry in self.queue if entry[0] == ticket]
        assert self.admission.abandon(ticket) is bool(waiting)
        for entry in waiting:
            self.queue.remove(entry)

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        over = [ticket for ticket, due in self.queue if due <= self.now]
        assert self.admission.expire(self.now) == over
        self.queue = self.queue[len(over) :]

    @precondition(lambda self: len(self.seats) < 5)
    @rule(front=st.booleans())
    def add(self, front: bool) -> None:
        seat = ReferenceTarget(Target(len(self.seats) + 1), front)
        self.seats.append(seat)
        self.check_grants(self.admission.add(seat.place, front=front))

    @precondition(lambda self: self.seats)
    @rule(data=st.data(), front=st.booleans())
    def move(self, data: st.DataObject, front: bool) -> None:
        seat = data.draw(st.sampled_from(self.seats), label="place")
        self.admission.move(seat.place, front=front)
        if seat.front is not None:
            seat.front = front

    @precondition(lambda self: self.seats)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        seat = data.draw(st.sampled_from(self.seats), label="place")
        self.admission.remove(seat.place)
        seat.front = None

    @rule(capacity=st.integers(1, 4))
    def resize(self, capacity: int) -> None:
        self.capacity = capacity
        self.check_grants(self.admission.resize(capacity))

    # --- invariants ---------------------------------------------------------------------------------------------

    @invariant()
    def no_slot_is_lost_and_none_made(self) -> None:
        for seat in getattr(self, "seats", []):
            assert seat.place.outstanding == len(seat.held)

    @invariant()
    def no_request_waits_while_a_slot_is_free(self) -> None:
        if getattr(self, "queue", None):
            assert self.free() == []

    @invariant()
    def the_queue_has_the_length_of_the_references(self) -> None:
        if hasattr(self, "queue"):
            assert self.admission.waiting == len(self.queue)
            assert self.admission.next_expiry() == (self.queue[0][1] if self.queue else None)


class NewestFirstAdmissionMachine(AdmissionMachine):
    balancing = "newest-first"


SEARCH = settings(stateful_step_count=40)

TestLeastOutstanding = AdmissionMachine.TestCase
TestLeastOutstanding.settings = SEARCH
TestNewestFirst = NewestFirstAdmissionMachine.TestCase
TestNewestFirst.settings = SEARCH
