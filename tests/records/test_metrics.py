"""The events with which the metrics inform their readers."""

from __future__ import annotations

from simulator.records.metrics import LastArrivals, Metrics, RequestsCounted, SecondCounted
from simulator.rules.policies.port import Sample


def second(arrivals: int) -> Sample:
    return Sample(
        second=1, in_flight=0.5, waiting=0.0, arrivals=arrivals, rejected=0, finished=1, service_s=0.1, ready=1
    )  # fmt: skip


def test_a_reader_gets_a_second_after_it_was_counted() -> None:
    metrics = Metrics(lambda: 0.0)
    received = list[tuple[str, int, int]]()
    metrics.counted.subscribe(
        SecondCounted,
        lambda event: received.append((event.service, event.sample.arrivals, metrics.of(event.service).arrivals)),
    )
    metrics.sampled("web", second(3), busy=1)
    metrics.sampled("web", second(4), busy=1)
    assert received == [("web", 3, 3), ("web", 4, 7)]


def test_a_later_reader_gets_the_requests_of_existing_services_and_of_new_ones() -> None:
    metrics = Metrics(lambda: 0.0)
    old = metrics.of("old").outcomes
    received = list[tuple[str, list[float]]]()
    metrics.counted.subscribe(
        RequestsCounted, lambda event: received.append((event.service, event.rows[:, 1].tolist()))
    )
    old.add(200, 0.25, 0.0, 0.0, 0.25)
    old.add(429, 0.5, 0.0, 0.0, -1.0)
    old.fold()
    metrics.of("new").outcomes.add(200, 1.0, 0.0, 0.0, 1.0)
    metrics.forget("new")
    assert received == [("old", [0.25, 0.5]), ("new", [1.0])]


def test_the_requests_after_the_last_second_are_a_separate_event() -> None:
    metrics = Metrics(lambda: 0.0)
    received = list[LastArrivals]()
    end = metrics.counted.subscribe(LastArrivals, received.append)
    metrics.count_last("web", 2)
    end()
    metrics.count_last("web", 1)
    assert received == [LastArrivals("web", 2)]
    assert metrics.of("web").arrivals == 3
