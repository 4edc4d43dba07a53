"""The labels of what the Docker driver makes, and how a later start finds what a dead simulator left.

Every container and network carries the name of the process that made it (process_sweep.py: PID namespace, PID, start
time), so a simulator that is alive, or one that this machine cannot see, loses nothing.
"""

from __future__ import annotations

from typing import Final

from simulator.fleet.docker_engine import Engine
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
        EngineGone, EngineRefused: as the engine does.
    """
    containers, networks = await engine.labelled(OWNER)
    dead = [name for name, owner in containers.items() if is_orphan(owner)]
    for container in dead:
        await engine.remove(container)
    unused = [name for name, owner in networks.items() if is_orphan(owner)]
    for network in unused:
        await engine.remove_network(network)
    return dead + unused
