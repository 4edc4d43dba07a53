"""Proxies at this machine's end of an interface; each forwards to the target that represents a VPC member."""

from __future__ import annotations

import socket
from typing import Final

from simulator.fleet.network.tcp_proxy import TcpProxy
from simulator.rules.network.egress_plan import EgressForward, EgressPlan

_BACKLOG: Final = 128
# More connections than databases accept; bounds the resources that a client that leaks connections can use here.
_CONNECTIONS_MAX: Final = 4096


class Forwarders:
    """The proxies of one interface. The caller must call `close`, even if `open` failed."""

    def __init__(self) -> None:
        self._proxies: list[TcpProxy] = []
        self._ports: dict[EgressForward, int] = {}

    async def open(self, gateway: str, plan: EgressPlan) -> dict[EgressForward, int]:
        """Listen at the address `gateway`; return the port of each forward of the plan.

        Call it again for another plan. The proxies of forwards that are in no plan any more keep their connections.

        Raises:
            OSError: if no interface of this machine has the address.
        """
        ports = {}
        for forward in plan.forwards:
            if forward.address.version != 4:
                continue  # the interface has no IPv6 address
            if forward in self._ports:
                ports[forward] = self._ports[forward]
                continue
            listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                listening.setblocking(False)
                listening.bind((gateway, 0))
                listening.listen(_BACKLOG)
            except BaseException:
                listening.close()
                raise
            ports[forward] = self._ports[forward] = listening.getsockname()[1]
            proxy = TcpProxy(forward.target.host, forward.target.port, _CONNECTIONS_MAX)
            self._proxies.append(proxy)
            await proxy.open(listening)
        return ports

    async def close(self) -> None:
        """Stop listening and close every connection."""
        for proxy in self._proxies:
            await proxy.close()
        self._proxies.clear()
        self._ports.clear()
