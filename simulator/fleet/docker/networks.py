"""The engine networks that a driver's instances join, depending on the application's egress setting or on VPC rules."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.fleet.docker.config import DEFAULT_EGRESS, NO_EGRESS, why_not_enforced
from simulator.fleet.docker.engine import Engine, EngineGone
from simulator.fleet.docker.labels import labels
from simulator.fleet.network.egress_rules import EgressRules
from simulator.fleet.network.forwarders import Forwarders
from simulator.fleet.network.packet_filter import FilterError, add_table, remove_table, replace_table, table_text
from simulator.rules.network.egress_plan import EgressPlan

# the name of a network interface has at most 15 characters
_INTERFACE: Final = "ar"
_TOKEN_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class ContainerNetwork:
    """A network for containers. `name`: id or name of a network of the engine; empty for its own bridge. `hosts`:
    entries such as `name:address` for the containers' hosts file.
    """

    name: str = ""
    hosts: tuple[str, ...] = ()


@dataclass(slots=True)
class _SubnetNetwork:
    """The network that represents a subnet of a VPC connector, with what enforces its egress plan."""

    network: ContainerNetwork
    table: str
    interface: str
    has_internet: bool
    plan: EgressPlan
    forwarders: Forwarders = field(default_factory=Forwarders)


class ContainerNetworks:
    """Creates networks when the first instance needs them. `owner`: prefix of all their names."""

    def __init__(self, engine: Engine, owner: str, egress: str, rules: EgressRules | None) -> None:
        self._engine = engine
        self._owner = owner
        self._egress = egress
        self._rules = rules
        if rules is not None:
            rules.add_enforcer(self)
        self._shared: ContainerNetwork | None = None
        self._subnets: dict[int, _SubnetNetwork] = {}
        self._making = asyncio.Lock()

    async def of_instance(self, number: int) -> ContainerNetwork:
        """Return the network of the instance with this number; create it if necessary.

        Raises:
            ValueError: if the named network does not exist, or the rules cannot be enforced.
            EngineGone, EngineRejected: if the engine does not answer, or rejects the network.
        """
        async with self._making:
            if self._rules is None:
                if self._shared is None:
                    self._shared = await self._by_setting()
                return self._shared
            place = self._rules.place(number)
            if place not in self._subnets:
                await self._make_subnet(place, self._rules.plans[place])
            return self._subnets[place].network

    async def close(self) -> None:
        """Remove the networks; call it after their containers were removed.

        The next start removes them if the engine is away.
        """
        with contextlib.suppress(EngineGone):
            if self._egress == NO_EGRESS and self._shared is not None:
                await self._engine.remove_network(self._shared.name)
            for subnet in self._subnets.values():
                await self._engine.remove_network(subnet.network.name)
        for subnet in self._subnets.values():
            await remove_table(subnet.table)
            await subnet.forwarders.close()
        self._shared = None
        self._subnets.clear()

    async def _by_setting(self) -> ContainerNetwork:
        egress = self._egress
        if egress == DEFAULT_EGRESS:
            return ContainerNetwork()
        if egress == NO_EGRESS:
            config = bridge(self._owner, f"{self._owner}isolated-{id(self):x}")
            return ContainerNetwork(await self._engine.make_network(config))
        if not await self._engine.has_network(egress):
            msg = f"egress = {egress!r}, must be {DEFAULT_EGRESS}, {NO_EGRESS} or a network of the engine"
            raise ValueError(msg)
        return ContainerNetwork(egress)

    async def _make_subnet(self, place: int, plan: EgressPlan) -> None:
        """Create the network and its rules before any container joins it. A failure leaves nothing behind."""
        if why := why_not_enforced(self._engine.host):
            msg = f"the rules of its network cannot be enforced: {why}"
            raise ValueError(msg)
        token = secrets.token_hex(_TOKEN_BYTES)
        interface, table = f"{_INTERFACE}{token}", f"{self._owner}{token}"
        config = bridge(self._owner, table, interface=interface, has_internet=bool(plan.internet))
        made = await self._engine.make_network(config)
        hosts = tuple(f"{name}:{address}" for name, address in plan.names.items())
        subnet = _SubnetNetwork(ContainerNetwork(made, hosts), table, interface, bool(plan.internet), plan)
        try:
            gateway = await self._engine.gateway(made)
            listening = await subnet.forwarders.open(gateway, plan)
            await add_table(table_text(table, interface, gateway, plan, listening))
        except (OSError, FilterError) as error:
            await self._undo(subnet)
            msg = f"the rules of its network cannot be enforced: {error}"
            raise ValueError(msg) from error
        except BaseException:
            await asyncio.shield(self._undo(subnet))
            raise
        self._subnets[place] = subnet

    async def enforce(self) -> None:
        """Enforce the present plans on the networks that exist."""
        assert self._rules is not None, "it has rules"
        async with self._making:
            for place, subnet in self._subnets.items():
                plan = self._rules.plans[place]
                if plan == subnet.plan:
                    continue
                if plan.internet and not subnet.has_internet:
                    raise FilterError("the internet needs another network of the engine, which a deployment makes")
                gateway = await self._engine.gateway(subnet.network.name)
                listening = await subnet.forwarders.open(gateway, plan)
                text = table_text(subnet.table, subnet.interface, gateway, plan, listening)
                await replace_table(subnet.table, text)
                subnet.plan = plan

    async def _undo(self, subnet: _SubnetNetwork) -> None:
        await subnet.forwarders.close()
        await remove_table(subnet.table)
        with contextlib.suppress(EngineGone):
            await self._engine.remove_network(subnet.network.name)


def bridge(owner: str, name: str, *, interface: str = "", has_internet: bool = False) -> dict[str, Any]:
    """Return the configuration of a bridge whose containers cannot reach each other.

    Without `has_internet` the bridge's addresses are not translated, so answers cannot return. The bridge is not
    `Internal`, because the engine would then not publish ports.
    """
    options = {
        "com.docker.network.bridge.enable_ip_masquerade": str(has_internet).lower(),
        "com.docker.network.bridge.enable_icc": "false",
    }
    if interface:
        options["com.docker.network.bridge.name"] = interface
    return {"Name": name, "Driver": "bridge", "Labels": labels(owner), "Options": options}
