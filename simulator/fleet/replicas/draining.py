"""The wait of an instance that drains, until its requests have ended."""

from __future__ import annotations

import asyncio

from simulator.fleet.instance import Instance, Termination
from simulator.fleet.ports import Backend
from simulator.model.instance import InstanceEvent


async def until_drained(instance: Instance, backend: Backend | None) -> Termination:
    """Wait until the requests of a draining instance have ended, within its drain time-out. Return why it ends."""
    ending = instance.ending.result()
    if instance.drained is None or backend is None:
        return ending
    await asyncio.wait(
        (instance.drained, backend.exited),
        timeout=max(0.0, instance.drain_by_s - asyncio.get_running_loop().time()),
        return_when=asyncio.FIRST_COMPLETED,
    )
    if backend.exited.done():
        return Termination(InstanceEvent.CRASHED, backend.exited.result().sentence)
    if not instance.drained.done():
        return Termination(InstanceEvent.CRASHED, "still had requests at the end of its drain time-out")
    return ending
