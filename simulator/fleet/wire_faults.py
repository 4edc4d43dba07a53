"""Faults on the wire at work: which request meets one is drawn when it goes to its instance.

Both clocks: a simulated request can be late or answered on the way as well as a real one. What needs bytes is left to
the exchange that has them (fleet/disturbed.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulator.fleet.exchange import Exchange
from simulator.model.wire_fault import FaultKind, WireFault


class WireFaults:
    """The faults of one service. `draw` gives numbers in [0, 1): one for each request and active fault, in order."""

    def __init__(self, draw: Callable[[], float]) -> None:
        self._draw = draw
        self._loop = asyncio.get_running_loop()
        self._active: dict[int, WireFault] = {}
        self._numbers = 0

    @property
    def is_active(self) -> bool:
        return bool(self._active)

    def add(self, fault: WireFault) -> int:
        """From now on; the number with which to `remove` it."""
        self._numbers += 1
        self._active[self._numbers] = fault
        return self._numbers

    def remove(self, number: int) -> None:
        """Requests under way keep what they met."""
        del self._active[number]

    def begin(self, exchange: Exchange) -> None:
        """In place of `exchange.begin`. A request meets every fault that it draws, but is answered once."""
        # All draws first: which request is hit by one fault must not depend on another.
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
                # Not within the grant: who waits gets the slot, and may meet the same fault, and so on.
                self._loop.call_soon(self._answer, exchange, fault.status)
                return
            if fault.kind is not FaultKind.LATENCY:
                exchange.disturb(fault)
        exchange.begin()

    def _answer(self, exchange: Exchange, status: int) -> None:
        if exchange.open:
            exchange.answered(status)
