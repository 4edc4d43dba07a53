"""The upstream of a service without a serving revision."""

from __future__ import annotations

import pytest

from simulator.fleet.exchange import PooledExchange
from simulator.fleet.pool.unavailable_upstream import UnavailableUpstream
from simulator.model.rejection import UNAVAILABLE, Rejection
from simulator.model.times import LoopTime
from simulator.records.outcomes import CLASSES, Outcomes


class FailedExchange(PooledExchange):
    def __init__(self) -> None:
        super().__init__(LoopTime(0.0))
        self.failures: list[Rejection] = []

    def fail(self, rejection: Rejection) -> None:
        assert not self.open, "it is released before the front hears of it"
        self.failures.append(rejection)


def test_every_request_is_rejected_with_503_and_counted_without_an_instance() -> None:
    outcomes = Outcomes()
    upstream = UnavailableUpstream("web", outcomes)
    exchanges = [FailedExchange() for _ in range(3)]
    for exchange in exchanges:
        upstream.offer(exchange)
    outcomes.fold()
    assert [exchange.failures for exchange in exchanges] == [[UNAVAILABLE]] * 3
    assert outcomes.classes[CLASSES.index("5xx")] == 3
    assert outcomes.service.counts.sum() == 0


def test_abandoning_a_rejected_request_does_nothing() -> None:
    upstream, exchange = UnavailableUpstream("web"), FailedExchange()
    upstream.offer(exchange)
    upstream.abandon(exchange)
    assert exchange.failures == [UNAVAILABLE]


def test_no_exchange_can_end_at_an_instance() -> None:
    upstream = UnavailableUpstream("web")
    for call in (upstream.finish, upstream.broke, upstream.balancer_failed):
        with pytest.raises(AssertionError):
            call(FailedExchange())
