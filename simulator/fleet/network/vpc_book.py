"""The present VPCs: those of the configuration, and those of an EC2 endpoint as they change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.fleet.credentials.aws_endpoint import EndpointError

if TYPE_CHECKING:
    from simulator.fleet.network.vpc_endpoint import VpcEndpointReader
    from simulator.rules.network.vpc import Vpcs
    from simulator.world.tasks import Tasks

_log = logging.getLogger(__name__)


class VpcBook:
    """The present VPCs. Those of `configured` have precedence over those of the endpoint with the same id."""

    def __init__(self, configured: Vpcs, reader: VpcEndpointReader, interval_s: float) -> None:
        self.present = configured
        self._configured, self._reader, self._interval_s = configured, reader, interval_s
        self._failure = ""

    async def refresh(self) -> bool:
        """Read the endpoint; return True if anything has changed. Without an answer the VPCs stay unchanged."""
        try:
            found = await self._reader.read()
        except (EndpointError, KeyError, ValueError) as error:
            if str(error) != self._failure:
                self._failure = str(error)
                _log.warning("VPCs: %s; they stay as they are", error)
            return False
        self._failure = ""
        own = {each.id for each in self._configured.vpcs}
        before = self.present
        self.present = replace(
            self._configured, vpcs=(*self._configured.vpcs, *(each for each in found if each.id not in own))
        )
        return self.present != before

    async def start(self, changed: Callable[[], Awaitable[None]], tasks: Tasks) -> None:
        """Read the endpoint now and at each interval from now on. After each change, await `changed`."""
        await self.refresh()
        tasks.spawn(self._run(changed), "VPCs")

    async def _run(self, changed: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            if await self.refresh():
                await changed()

    async def close(self) -> None:
        await self._reader.client.close()
