"""The weight of the observed instances: their control groups go before other programs of the machine.

An instance of App Runner has its vCPUs to itself. Here other programs may keep it from them: a quota is an upper limit
only. A control group without a weight has the share of a single process, or of a session. The load client has a
priority of its own (client_priority.py), so the instance does not slow it down.
"""

from __future__ import annotations

import contextlib
import os
from typing import Final

from simulator.fleet.process.confinement.cgroup import UNIFIED, NoGroupsError
from simulator.fleet.process.confinement.group_search import GroupHome, find_home
from simulator.fleet.process.confinement.sweep import owner_name
from simulator.model.instance import InstanceState
from simulator.records.events import InstanceMoved
from simulator.records.journal import Journal

# A multiple of the kernel's default, so that some ten busy sessions leave an instance nearly its vCPUs.
WEIGHT: Final = 30
# The files of version 1 and 2, with the kernel's defaults.
_V1: Final = ("cpu.shares", 1024)
_V2: Final = ("cpu.weight", 100)


def favoured(journal: Journal) -> None:
    """Give each instance of a run its weight when its start begins. `journal` is that of the run."""

    def moved(event: InstanceMoved) -> None:
        if event.after is InstanceState.STARTING:
            favour_instances()

    journal.subscribe(InstanceMoved, moved)


def favour_instances(home: GroupHome | None = None) -> None:
    """Give the groups of the instances of this process their weight. Without the right or the files nothing changes.

    It ends with the groups, which are removed with their instances.
    """
    try:
        found = find_home() if home is None else home
    except (NoGroupsError, OSError):
        return
    directory = found.directories[UNIFIED if found.version == 2 else "cpu"]
    file, default = _V2 if found.version == 2 else _V1
    for group in directory.glob(f"{owner_name(os.getpid())}*"):
        with contextlib.suppress(OSError):
            (group / file).write_text(str(WEIGHT * default), encoding="ascii")
