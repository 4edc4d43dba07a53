"""The interface of backends, which process the requests of a virtual run in place of the platform's own objects."""

from __future__ import annotations

import asyncio
from typing import Protocol

from simulator.fleet.instance import Instance
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import PoolSupply
from simulator.platform.platform import Platform
from simulator.replay.run_recorder import RunRecorder
from simulator.traffic.traffic import Traffic


class RequestBackend(Protocol):
    """The backend of one run. Its methods are called in the order in which they are defined here."""

    def make_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop of the run."""

    def make_supply(self, settings: PoolSettings) -> PoolSupply[Instance]:
        """Return the object that replaces the pool of the service."""

    def start(self, platform: Platform, recorder: RunRecorder) -> Traffic:
        """Start the traffic, after the platform's clock has started. `Traffic.close` completes the records."""
