"""Active wire faults: whether a request meets one is drawn when it is forwarded to its instance.

They work on both clocks: a simulated request can be delayed or answered on the way like a real one. A fault that needs
bytes is left to an exchange that has them (fleet/http/faulty_exchange.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulator.fleet.ports import Exchange
from simulator.model.wire_fault import FaultKind, WireFault


class FaultInjection:
    """The faults of one service. `draw` returns numbers in [0, 1): one for each request and active fault, in order."""

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
        """Replace `exchange.begin`. A request meets every fault that it draws, but is answered once."""
        # All draws first: which request one fault hits must not depend on another fault.
        met = [fault for fault in self._active.values() if self._draw() < fault.share]
        delay_s = sum(fault.delay_s for fault in met if fault.kind is FaultKind.LATENCY)
        if delay_s > 0:
            self._loop.call_later(delay_s, self._go_on, exchange, met)
        else:
            self._carry(exchange, met)

    def _go_on(self, exchange: Exchange, met: list[WireFault]) -> None:
        if exchange.open:
            self._carry(exchange, met)

    def _carry(self, exchange: Exchange, met: list[WireFault]) -> None:
        for fault in met:
            if fault.kind is FaultKind.STATUS:
                # Not within the grant: a queued exchange would get the slot, could meet the same fault, and so on.
                self._loop.call_soon(self._answer, exchange, fault.status)
                return
            if fault.kind is not FaultKind.LATENCY:
                exchange.inject_fault(fault)
        exchange.begin()

    def _answer(self, exchange: Exchange, status: int) -> None:
        if exchange.open:
            exchange.answered(status)
