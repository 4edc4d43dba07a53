from __future__ import annotations

from typing import NamedTuple

import pytest

from simulator.model.times import RunTime
from simulator.records.events import EventLogged, TimelineActed
from simulator.records.journal import Journal


class Passed(NamedTuple):
    number: int


class Reader:
    def __init__(self, name: str, seen: list[str], fault: Exception | None = None) -> None:
        self.name, self.seen, self.fault = name, seen, fault

    def read(self, event: object) -> None:
        self.seen.append(f"{self.name}: {event}")
        if self.fault is not None:
            raise self.fault


def line(at_s: float) -> EventLogged:
    return EventLogged(RunTime(at_s), "web", "line")


def test_a_reader_gets_the_events_of_its_kind_only_and_from_now_on() -> None:
    journal, lines, acts = Journal(), list[EventLogged](), list[TimelineActed]()
    journal.record(line(1.0))
    journal.subscribe(EventLogged, lines.append)
    journal.subscribe(TimelineActed, acts.append)
    journal.record(line(2.0))
    assert (lines, acts) == ([line(2.0)], [])


def test_an_event_that_is_only_passed_on_is_not_kept() -> None:
    journal, seen = Journal(), list[Passed]()
    journal.subscribe(Passed, seen.append)
    journal.publish(Passed(1))
    assert (seen, journal.events, journal.recorded) == ([Passed(1)], [], 0)


def test_readers_are_called_in_the_order_of_subscription() -> None:
    journal, seen = Journal(), list[str]()
    for name in ("c", "a", "b"):
        journal.subscribe(Passed, Reader(name, seen).read)
    journal.publish(Passed(1))
    assert [each[0] for each in seen] == ["c", "a", "b"]


def test_a_reader_that_raises_takes_no_event_from_the_others_and_its_error_is_raised() -> None:
    journal, seen = Journal(), list[str]()
    journal.subscribe(Passed, Reader("a", seen, ValueError("broken")).read)
    journal.subscribe(Passed, Reader("b", seen).read)
    with pytest.raises(ValueError, match="broken"):
        journal.publish(Passed(1))
    assert [each[0] for each in seen] == ["a", "b"]


def test_the_errors_of_several_readers_are_all_raised() -> None:
    journal, seen = Journal(), list[str]()
    journal.subscribe(Passed, Reader("a", seen, ValueError("one")).read)
    journal.subscribe(Passed, Reader("b", seen, OSError("two")).read)
    with pytest.raises(ExceptionGroup, match="readers of Passed") as caught:
        journal.publish(Passed(1))
    assert [str(error) for error in caught.value.exceptions] == ["one", "two"]


def test_a_subscription_ends_once_and_leaves_the_others() -> None:
    journal, seen = Journal(), list[str]()
    first, second = Reader("a", seen), Reader("b", seen)
    end = journal.subscribe(Passed, first.read)
    journal.subscribe(Passed, second.read)
    end()
    end()
    journal.publish(Passed(1))
    assert [each[0] for each in seen] == ["b"]


def test_a_reader_that_subscribes_or_ends_while_it_is_called_changes_the_next_event_only() -> None:
    journal, seen = Journal(), list[str]()

    def once(_event: Passed) -> None:
        end()
        journal.subscribe(Passed, Reader("later", seen).read)

    end = journal.subscribe(Passed, once)
    journal.subscribe(Passed, Reader("b", seen).read)
    journal.publish(Passed(1))
    journal.publish(Passed(2))
    assert seen == ["b: Passed(number=1)", "b: Passed(number=2)", "later: Passed(number=2)"]


def test_whether_a_kind_is_read() -> None:
    journal = Journal()
    assert not journal.has_reader(Passed)
    end = journal.subscribe(Passed, Reader("a", []).read)
    assert journal.has_reader(Passed)
    end()
    assert not journal.has_reader(Passed)


def test_a_bounded_journal_keeps_the_newest_events_and_counts_all() -> None:
    journal = Journal(events_max=2)
    for at_s in range(5):
        journal.record(line(at_s))
    assert journal.recorded == 5
    assert [event.at_s for event in journal.since(3) if isinstance(event, EventLogged)] == [RunTime(3), RunTime(4)]
    assert journal.since(5) == []
