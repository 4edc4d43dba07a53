"""Active wire faults: whether one hits a request is sampled when the request is forwarded to its instance.

Delays and error responses apply on both clocks, to simulated and real requests. A fault that acts on bytes is passed to
the exchange, which applies it if it is carried over HTTP (fleet/http/faulty_exchange.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulator.fleet.ports import Exchange
from simulator.model.wire_fault import FaultKind, WireFault


class FaultInjection:
    """The faults of one service. `draw` returns a random number in [0, 1) for each request and active fault."""

    def __init__(self, draw: Callable[[], float]) -> None:
        self._draw = draw
        self._loop = asyncio.get_running_loop()
        self._active: dict[int, WireFault] = {}
        self._numbers = 0

    @property
    def is_active(self) -> bool:
        return bool(self._active)

    def add(self, fault: WireFault) -> int:
        """Activate a fault; return the number with which to `remove` it."""
        self._numbers += 1
        self._active[self._numbers] = fault
        return self._numbers

    def remove(self, number: int) -> None:
        """Deactivate a fault; requests in progress keep it."""
        del self._active[number]

    def begin(self, exchange: Exchange) -> None:
        """Call this in place of `exchange.begin`. Every fault that hits applies, but the request is answered once."""
        # Sample all faults first: whether one fault hits must not depend on another.
        hits = [fault for fault in self._active.values() if self._draw() < fault.share]
        delay_s = sum(fault.delay_s for fault in hits if fault.kind is FaultKind.LATENCY)
        if delay_s > 0:
            self._loop.call_later(delay_s, self._begin_delayed, exchange, hits)
        else:
            self._apply(exchange, hits)

    def _begin_delayed(self, exchange: Exchange, hits: list[WireFault]) -> None:
        if exchange.open:
            self._apply(exchange, hits)

    def _apply(self, exchange: Exchange, hits: list[WireFault]) -> None:
        for fault in hits:
            if fault.kind is FaultKind.STATUS:
                # Answer in a later iteration of the loop: within the grant, a queued exchange would get the slot, could
                # be hit by the same fault, and so on recursively.
                self._loop.call_soon(self._answer, exchange, fault.status)
                return
            if fault.kind is not FaultKind.LATENCY:
                exchange.inject_fault(fault)
        exchange.begin()

    def _answer(self, exchange: Exchange, status: int) -> None:
        if exchange.open:
            exchange.answered(status)
