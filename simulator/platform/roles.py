"""The instance role of a service: where the instances of each kind of driver get its credentials."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from simulator.fleet.credentials.role_credentials import RoleCredentials
from simulator.fleet.network.namespace_proxy import HOST
from simulator.fleet.network.tcp_proxy import TcpProxy
from simulator.fleet.ports import Close, LoopbackListener, OwnLoopback

# The port of the ECS agent's credentials endpoint; the next port is used if an application itself listens on it.
CREDENTIALS_PORT: Final = 51679
_HTTP_PORTS: Final = {"http": 80, "https": 443}


class InstanceRole:
    """Issues credentials of `role`, from STS at `endpoint`, to the instances of `service` (`InstanceVariables` in
    fleet/instance.py, once it is open). Close it after the driver.
    """

    def __init__(self, service: str, role: str, endpoint: str, region: str) -> None:
        self._service = service
        self._role = role
        self._endpoint = endpoint
        self._credentials = RoleCredentials(endpoint, region)
        self._inside: int | None = None  # port of the credentials endpoint on the loopback of containers
        self._endpoint_inside: str | None = None

    async def open(self, own_loopback: OwnLoopback | None) -> None:
        """Listen on the loopback of instances. Raises OSError if this machine has no free port."""
        if own_loopback is None:
            await self._credentials.open()  # for processes, which share this machine's loopback
        else:
            self._open_inside(own_loopback)

    def of_instance(self, number: int) -> Mapping[str, str]:
        return self._credentials.register(
            self._service, number, self._role, port=self._inside, endpoint=self._endpoint_inside
        )

    def instance_ended(self, number: int) -> None:
        self._credentials.forget(self._service, number)

    def _open_inside(self, loopback: OwnLoopback) -> None:
        """Listen on the loopback of each container. An AWS endpoint on this machine's loopback is forwarded, too."""
        port = _free(CREDENTIALS_PORT, loopback.taken)
        loopback.add_listener(LoopbackListener(port, self._credentials.serve))
        self._inside = port
        url = urlsplit(self._endpoint)
        if _is_loopback(url.hostname or ""):
            outside = url.port or _HTTP_PORTS[url.scheme]
            inside = _free(outside, {*loopback.taken, port})
            loopback.add_listener(LoopbackListener(inside, _forwarding(url.hostname or HOST, outside)))
            self._endpoint_inside = f"{url.scheme}://{HOST}:{inside}"

    async def close(self) -> None:
        await self._credentials.close()


def _forwarding(host: str, port: int) -> Callable[[socket.socket], Coroutine[Any, Any, Close]]:
    """Return a function that forwards the connections of a listening socket to an address of this machine."""

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
