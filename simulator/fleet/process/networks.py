"""Networks of instances that are processes: this machine's, or with rules of VPCs one for each instance."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from simulator.fleet.network.address_blocks import AddressBlocks
from simulator.fleet.network.egress_rules import EgressRules
from simulator.fleet.network.instance_network import InstanceNetwork
from simulator.fleet.network.namespace_proxy import listening_in
from simulator.fleet.network.packet_filter import FilterError, sweep_tables
from simulator.fleet.ports import Close, LoopbackListener
from simulator.fleet.process.confinement.isolation import MountPlan, Namespaces
from simulator.fleet.process.confinement.sweep import is_orphan, owner_name

_HOST: Final = "127.0.0.1"
_ANY_HOST: Final = "0.0.0.0"  # noqa: S104 of a network of its own


class ProcessNetwork:
    """The network of one instance, with the doors of the simulator on its loopback."""

    def __init__(self, own: InstanceNetwork) -> None:
        self.own = own
        self.closes: list[Close] = []

    async def close(self) -> None:
        for close in self.closes:
            await close()
        await self.own.close()


class ProcessNetworks:
    """Makes networks, and implements `OwnLoopback` for instances that have one of their own."""

    # $PORT is above the ports of doors, so no application occupies one.
    taken: frozenset[int] = frozenset()

    def __init__(self, rules: EgressRules) -> None:
        self._rules = rules
        self._blocks = AddressBlocks()
        self._doors: list[LoopbackListener] = []

    def add_listener(self, listener: LoopbackListener) -> None:
        self._doors.append(listener)

    async def sweep(self) -> None:
        """Remove what dead simulators have left."""
        await sweep_tables(is_orphan)

    async def open(self, number: int, namespaces: Namespaces) -> ProcessNetwork:
        """Return the network of the instance with this number, which the caller closes.

        Raises:
            OSError: if the machine does not allow it.
        """
        if not namespaces.is_apart:
            raise OSError(f"the rules of its network cannot be enforced: {namespaces.why}")
        plan = self._rules.plans[self._rules.place(number)]
        network = ProcessNetwork(InstanceNetwork(self._blocks, owner_name(os.getpid()), plan))
        try:
            await network.own.open()
            for door in self._doors:
                network.closes.append(await door.serve(listening_in(network.own.namespace, door.port)))
        except FilterError as error:
            await network.close()
            raise OSError(f"the rules of its network cannot be enforced: {error}") from error
        except BaseException:
            await network.close()
            raise
        return network


def bound_to(network: ProcessNetwork | None) -> str:
    """Return the address on which an instance should listen."""
    return _HOST if network is None else _ANY_HOST


def reached_at(network: ProcessNetwork | None) -> str:
    """Return the address at which this process reaches an instance."""
    return _HOST if network is None else network.own.host


def within(network: ProcessNetwork | None, mount_plan: MountPlan, folder: Path) -> MountPlan:
    """Return the plan with the files that name what the network reaches, which are written to `folder`."""
    return mount_plan if network is None else replace(mount_plan, files=network.own.files(folder))
