"""The backend port: what may play the requests of a virtual run in place of the platform's own objects."""

from __future__ import annotations

import asyncio
from typing import Protocol

from simulator.assembly import Platform
from simulator.fleet.pool import Pool
from simulator.fleet.settings import PoolSettings
from simulator.replay.bookkeeping import Books
from simulator.replay.traffic import Traffic
from simulator.rules.balancing import Draw
from simulator.rules.ejection import EjectionSettings


class RequestGear(Protocol):
    """One run's. Called in this order."""

    def make_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that the run lives on."""

    def make_pool(self, settings: PoolSettings, ejection: EjectionSettings | None, draw: Draw) -> Pool:
        """The pool of the service."""

    def start(self, platform: Platform, books: Books) -> Traffic:
        """The platform's clock has started: so does the traffic. `Traffic.close` completes the books."""
