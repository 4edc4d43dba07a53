"""The waits of an instance that serves: until it fails its health checks, and until its requests have ended."""

from __future__ import annotations

import asyncio

from simulator.fleet.instance import Instance, Termination
from simulator.fleet.ports import Backend
from simulator.fleet.replicas.prober import Prober
from simulator.model.instance import InstanceEvent
from simulator.world.tasks import Tasks, first_of


async def until_ending(instance: Instance, backend: Backend, prober: Prober, tasks: Tasks, failed_line: str) -> None:
    """Probe the instance until it is asked to end, or until its health checks have failed. The reason of the second is
    `failed_line`, followed by that of the last check.
    """
    probing = tasks.spawn(prober.until_unhealthy(instance.number, backend), f"probe of instance {instance.number}")
    try:
        if await first_of(instance.ending, probing) == 1:
            instance.end(InstanceEvent.CRASHED, f"{failed_line} ({probing.result()})")
    finally:
        probing.cancel()


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
