"""The upstream of a service without a serving revision, such as a paused service: every request gets an error.

The response is the same as for a service without instances: 503.

# ASSUMPTION: one blog says 503 for a paused service; 404 is not excluded (facts 3.4, 18). Settled by a request to one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from simulator.fleet.exchange import PooledExchange
from simulator.fleet.instance import Instance
from simulator.model.rejection import UNAVAILABLE, unchanged

if TYPE_CHECKING:
    from simulator.records.outcomes import Outcomes


class StandInUpstream:
    """An upstream without instances, used in place of a pool: it ends requests at once or passes them on."""

    limits_silence = False
    answer = staticmethod(unchanged)

    def progressed(self, exchange: PooledExchange) -> None:
        raise AssertionError(exchange)

    def finish(self, exchange: PooledExchange) -> None:
        raise AssertionError(exchange)  # no exchange begins here, so no slot is held

    def broke(self, exchange: PooledExchange) -> None:
        raise AssertionError(exchange)

    def balancer_failed(self, exchange: PooledExchange) -> None:
        raise AssertionError(exchange)

    def redispatch(self, exchange: PooledExchange, avoiding: Collection[Instance]) -> bool:
        raise AssertionError(exchange, avoiding)


class UnavailableUpstream(StandInUpstream):
    """Upstream of a service without a serving revision (edge/ports.py): every offered exchange ends at once."""

    def __init__(self, service: str, outcomes: Outcomes | None = None) -> None:
        self.service = service
        self._outcomes = outcomes

    def offer(self, exchange: PooledExchange) -> None:
        exchange.open = False
        if self._outcomes is not None:
            self._outcomes.add(UNAVAILABLE.status, 0.0, 0.0, 0.0, -1.0)
        exchange.fail(UNAVAILABLE)

    def abandon(self, exchange: PooledExchange) -> None:
        """Do nothing: the exchange ended when it was offered."""
