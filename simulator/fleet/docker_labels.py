"""The labels of what the Docker driver makes, and how a later start finds what a dead simulator left.

Every container, network and volume carries the name of the process that made it (process_sweep.py: PID namespace, PID,
start time), so a simulator that is alive, or one that this machine cannot see, loses nothing.
"""

from __future__ import annotations

import contextlib
from typing import Final

from simulator.fleet.docker_engine import Engine, EngineRejected
from simulator.fleet.driver import InstanceSpec
from simulator.fleet.process_sweep import is_orphan

OWNER: Final = "apprunner-simulator.owner"
SERVICE: Final = "apprunner-simulator.service"
INSTANCE: Final = "apprunner-simulator.instance"


def labels(owner: str, spec: InstanceSpec | None = None) -> dict[str, str]:
    """Of an instance's container, or of what instances share."""
    told = {OWNER: owner}
    if spec is not None:
        told |= {SERVICE: spec.service, INSTANCE: str(spec.number)}
    return told


async def sweep_orphans(engine: Engine) -> list[str]:
    """Remove what simulators that are no more have left in the engine; the ids of what is gone.

    Raises:
        EngineGone: when the engine is.
    """
    containers, networks, volumes = await engine.labelled(OWNER)
    gone: list[str] = []
    # In this order: a network goes without its containers only, and most volumes go with theirs.
    for found, remove in (
        (containers, engine.remove),
        (networks, engine.remove_network),
        (volumes, engine.remove_volume),
    ):
        for name, owner in found.items():
            if is_orphan(owner):
                with contextlib.suppress(EngineRejected):  # another start is at it, or the one after this will be
                    await remove(name)
                    gone.append(name)
    return gone
