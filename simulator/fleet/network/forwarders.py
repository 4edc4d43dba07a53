"""Proxies at this machine's end of an interface: each forwards connections to what stands for a member of a VPC."""

from __future__ import annotations

import socket
from typing import Final

from simulator.fleet.network.tcp_proxy import TcpProxy
from simulator.rules.network.egress_plan import EgressForward, EgressPlan

_BACKLOG: Final = 128
# More than databases accept; it bounds what a client that leaks connections takes of this process.
_CONNECTIONS_MAX: Final = 4096


class Forwarders:
    """The proxies of one interface. Close them in every case."""

    def __init__(self) -> None:
        self._proxies: list[TcpProxy] = []

    async def open(self, gateway: str, plan: EgressPlan) -> dict[EgressForward, int]:
        """Listen at the address `gateway`; return the port of each forward of the plan.

        Raises:
            OSError: if the address is not one of this machine.
        """
        ports = {}
        for forward in plan.forwards:
            if forward.address.version != 4:
                continue  # the interface has IPv4 addresses only
            listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                listening.setblocking(False)
                listening.bind((gateway, 0))
                listening.listen(_BACKLOG)
            except BaseException:
                listening.close()
                raise
            ports[forward] = listening.getsockname()[1]
            proxy = TcpProxy(forward.target.host, forward.target.port, _CONNECTIONS_MAX)
            self._proxies.append(proxy)
            await proxy.open(listening)
        return ports

    async def close(self) -> None:
        """Stop and cut every connection."""
        for proxy in self._proxies:
            await proxy.close()
        self._proxies.clear()
