"""Labels of the driver's objects, and which objects of the engine are removed."""

from __future__ import annotations

import os
from typing import Any, cast

from simulator.fleet.docker.engine import EngineRejected
from simulator.fleet.docker.labels import INSTANCE, OWNER, SERVICE, labels, sweep_orphans
from simulator.fleet.process.confinement.sweep import owner_name

LIVING = owner_name(os.getpid())
DEAD = LIVING.replace(str(os.getpid()), str(2**22 + 1), 1)


class Engine:
    """An engine with labelled objects of three kinds; the removal of some fails."""

    def __init__(self, *fails: str) -> None:
        self.fails = fails
        self.removed: list[str] = []

    async def labelled(self, label: str) -> tuple[dict[str, str], ...]:
        assert label == OWNER
        return {"c1": DEAD, "c2": LIVING}, {"n1": DEAD}, {"v1": DEAD, "v2": "something else"}

    async def remove(self, name: str) -> None:
        if name in self.fails:
            raise EngineRejected(409, "in use")
        self.removed.append(name)

    remove_network = remove_volume = remove


async def test_objects_of_ended_simulators_are_removed_containers_first() -> None:
    engine = Engine()
    assert await sweep_orphans(cast("Any", engine)) == ["c1", "n1", "v1"]
    assert engine.removed == ["c1", "n1", "v1"]


async def test_an_object_that_cannot_be_removed_is_left_to_a_later_start() -> None:
    engine = Engine("n1")
    assert await sweep_orphans(cast("Any", engine)) == ["c1", "v1"]


def test_a_shared_object_has_its_owner_only() -> None:
    assert labels("me") == {OWNER: "me"}
    assert {OWNER, SERVICE, INSTANCE} == {
        "apprunner-simulator.owner",
        "apprunner-simulator.service",
        "apprunner-simulator.instance",
    }
