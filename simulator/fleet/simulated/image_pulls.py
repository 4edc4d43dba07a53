"""Simulated image pulls: each launch waits for the layers that its machine lacks, and is logged in the event log.

# ASSUMPTION: an instance exists and is billed once its image is complete, so the pull is not part of its start-up
# allowance. Settled by the bill of instances with a large image.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from simulator.fleet.ports import InstanceSpec
from simulator.model.text.quantities import bytes_text, latency_text
from simulator.model.times import RunTime
from simulator.records.events import EventLogged, ImagePulled
from simulator.records.journal import Journal
from simulator.rules.image_pulls import ImageToPull, Machine, Machines


class ImagePulls:
    """The pulls of all simulated instances of a platform. All versions of a service share machines."""

    def __init__(self, journal: Journal, at_s: Callable[[], RunTime]) -> None:
        self._machines: dict[str, Machines] = {}
        self._journal = journal
        self._at_s = at_s

    async def pull(self, image: ImageToPull, spec: InstanceSpec) -> Callable[[object], None]:
        """Place an instance and wait until its machine has the image.

        Return a function to call when the instance has ended.
        """
        loop = asyncio.get_running_loop()
        machines = self._machines.setdefault(spec.service, Machines())
        pull = machines.enter(image, loop.time())
        leave = partial(self._leave, machines, pull.machine)
        if pull.took_s > 0:
            try:
                await asyncio.sleep(pull.took_s)
            except BaseException:
                leave()
                raise
        size = sum(image.layers.values())
        line = (
            f"Instance {spec.number}: image ready on machine {pull.machine.number} after {latency_text(pull.took_s)}, "
            f"{bytes_text(pull.pulled_bytes)} of {bytes_text(size)} pulled."
        )
        self._journal.record(EventLogged(self._at_s(), spec.service, line))
        self._journal.publish(ImagePulled(spec.service, spec.number, pull.took_s, pull.pulled_bytes, size))
        return leave

    @staticmethod
    def _leave(machines: Machines, machine: Machine, _exited: object = None) -> None:
        machines.leave(machine, asyncio.get_running_loop().time())
