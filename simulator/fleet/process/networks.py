"""Networks of instances that are processes: this machine's network or, with VPC rules, one per instance."""

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
    """The network of one instance, with the simulator's listeners on its loopback. `place`: its subnet."""

    def __init__(self, own: InstanceNetwork, place: int = 0) -> None:
        self.own, self.place = own, place
        self.is_closed = False
        self.closes: list[Close] = []

    async def close(self) -> None:
        self.is_closed = True
        for close in self.closes:
            await close()
        await self.own.close()


class ProcessNetworks:
    """Creates networks, and implements `OwnLoopback` for instances that have their own."""

    # empty: $PORT is always above the ports of these listeners, so no application uses one of them
    taken: frozenset[int] = frozenset()

    def __init__(self, rules: EgressRules) -> None:
        self._rules = rules
        self._rules.add_enforcer(self)
        self._open: list[ProcessNetwork] = []
        self._blocks = AddressBlocks()
        self._listeners: list[LoopbackListener] = []

    def add_listener(self, listener: LoopbackListener) -> None:
        self._listeners.append(listener)

    async def sweep(self) -> None:
        """Remove the packet filters of simulators that have ended."""
        await sweep_tables(is_orphan)

    async def open(self, number: int, namespaces: Namespaces) -> ProcessNetwork:
        """Create the network of the instance with this number; the caller closes it.

        Raises:
            OSError: if the machine does not allow it.
        """
        if not namespaces.is_apart:
            raise OSError(f"the rules of its network cannot be enforced: {namespaces.why}")
        place = self._rules.place(number)
        plan = self._rules.plans[place]
        network = ProcessNetwork(InstanceNetwork(self._blocks, owner_name(os.getpid()), plan), place)
        try:
            await network.own.open()
            self._open = [*(each for each in self._open if not each.is_closed), network]
            await network.own.apply(self._rules.plans[place])  # it may have changed
            for listener in self._listeners:
                network.closes.append(await listener.serve(listening_in(network.own.namespace, listener.port)))
        except FilterError as error:
            await network.close()
            raise OSError(f"the rules of its network cannot be enforced: {error}") from error
        except BaseException:
            await network.close()
            raise
        return network

    async def enforce(self) -> None:
        for network in self._open:
            if not network.is_closed:
                await network.own.apply(self._rules.plans[network.place])


def bound_to(network: ProcessNetwork | None) -> str:
    """Return the address on which an instance should listen."""
    return _HOST if network is None else _ANY_HOST


def reached_at(network: ProcessNetwork | None) -> str:
    """Return the address at which this process reaches an instance."""
    return _HOST if network is None else network.own.host


def within(network: ProcessNetwork | None, mount_plan: MountPlan, folder: Path) -> MountPlan:
    """Return the plan, extended by the hosts file and resolv.conf of the network, which are written to `folder`."""
    return mount_plan if network is None else replace(mount_plan, files=network.own.files(folder))
