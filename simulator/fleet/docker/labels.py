"""Labels of the objects that the Docker driver creates, and removal of those of simulators that have ended.

Every container, network and volume is labelled with the name of the process that created it (PID namespace, PID and
start time: fleet/process/confinement/sweep.py). So objects of a running simulator, and of one whose state this machine
cannot determine, are not removed.
"""

from __future__ import annotations

import contextlib
from typing import Final

from simulator.fleet.docker.engine import Engine, EngineRejected
from simulator.fleet.ports import InstanceSpec
from simulator.fleet.process.confinement.sweep import is_orphan

OWNER: Final = "apprunner-simulator.owner"
SERVICE: Final = "apprunner-simulator.service"
INSTANCE: Final = "apprunner-simulator.instance"


def labels(owner: str, spec: InstanceSpec | None = None) -> dict[str, str]:
    """Return the labels of an instance's container; without `spec`, those of an object that instances share."""
    given = {OWNER: owner}
    if spec is not None:
        given |= {SERVICE: spec.service, INSTANCE: str(spec.number)}
    return given


async def sweep_orphans(engine: Engine) -> list[str]:
    """Remove the objects of simulators that have ended; return the ids of what was removed.

    Raises:
        EngineGone: if the engine does not answer.
    """
    containers, networks, volumes = await engine.labelled(OWNER)
    gone: list[str] = []
    # This order, because a network can be removed only after its containers, and most volumes are removed with theirs.
    for found, remove in (
        (containers, engine.remove),
        (networks, engine.remove_network),
        (volumes, engine.remove_volume),
    ):
        for name, owner in found.items():
            if is_orphan(owner):
                with contextlib.suppress(EngineRejected):  # a start at the same time or a later one removes it
                    await remove(name)
                    gone.append(name)
    return gone
