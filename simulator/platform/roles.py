"""The instance role of a service: where each kind of instance gets its credentials."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from simulator.fleet.credentials.role_credentials import RoleCredentials
from simulator.fleet.docker.namespace_proxy import HOST
from simulator.fleet.docker.tcp_proxy import TcpProxy
from simulator.fleet.pool.replica_set import ReplicaSet
from simulator.fleet.ports import Close, LoopbackListener, OwnLoopback

# The port of the ECS agent's credentials; the next one is used if an application itself listens there.
CREDENTIALS_PORT: Final = 51679
_HTTP_PORTS: Final = {"http": 80, "https": 443}


class InstanceRole:
    """Supplies credentials of `role`, from STS of `endpoint`, to a replica set's instances. Close it after the
    driver.
    """

    def __init__(self, role: str, endpoint: str, region: str) -> None:
        self._role = role
        self._endpoint = endpoint
        self._credentials = RoleCredentials(endpoint, region)

    async def open(self, replica_set: ReplicaSet, own_loopback: OwnLoopback | None) -> None:
        """Listen where the instances' loopback is. Raises OSError if no port of this machine's is available."""
        if own_loopback is None:
            await self._open_beside(replica_set)
        else:
            self._open_inside(replica_set, own_loopback)

    async def _open_beside(self, replica_set: ReplicaSet) -> None:
        """Listen for processes, which share the machine's loopback."""
        await self._credentials.open()
        self._give(replica_set, None, None)

    def _open_inside(self, replica_set: ReplicaSet, loopback: OwnLoopback) -> None:
        """Listen for containers, on the loopback of each. An endpoint on this machine's loopback is forwarded too."""
        port = _free(CREDENTIALS_PORT, loopback.taken)
        loopback.add_listener(LoopbackListener(port, self._credentials.serve))
        endpoint = None
        url = urlsplit(self._endpoint)
        if _is_loopback(url.hostname or ""):
            outside = url.port or _HTTP_PORTS[url.scheme]
            inside = _free(outside, {*loopback.taken, port})
            loopback.add_listener(LoopbackListener(inside, _relaying(url.hostname or HOST, outside)))
            endpoint = f"{url.scheme}://{HOST}:{inside}"
        self._give(replica_set, port, endpoint)

    async def close(self) -> None:
        await self._credentials.close()

    def _give(self, replica_set: ReplicaSet, port: int | None, endpoint: str | None) -> None:
        credentials, service = self._credentials, replica_set.settings.service

        def hired(number: int) -> Mapping[str, str]:
            return credentials.register(service, number, self._role, port=port, endpoint=endpoint)

        replica_set.on_hire = hired
        replica_set.on_gone = lambda number: credentials.forget(service, number)


def _relaying(host: str, port: int) -> Callable[[socket.socket], Coroutine[Any, Any, Close]]:
    """Return a function that forwards connections of a listening socket to an address of this machine."""

    async def serve(listening: socket.socket) -> Close:
        relay = TcpProxy(host, port)
        await relay.open(listening)
        return relay.close

    return serve


def _free(port: int, taken: Collection[int]) -> int:
    while port in taken:
        port = port + 1 if port < 65535 else CREDENTIALS_PORT
    return port


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
