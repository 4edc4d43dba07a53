"""The address of a server on this machine, which is the only place to which load is sent."""

from __future__ import annotations

import ipaddress
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_LOCALHOST: Final = "localhost"
_PORT: Final = 80
_EXPECTED: Final = "the address of a server on this machine, such as http://127.0.0.1:8000"


class LocalServer(NamedTuple):
    """An address of the loopback, and a port."""

    host: str
    port: int


def local_server(url: str) -> LocalServer:
    """Return the server of a URL, whose path is not used.

    Raises:
        ValueError: if it is not the URL of a server on this machine.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme != "http" or not host or parts.username is not None or port == 0:
        msg = f"url = {url!r}, must be {_EXPECTED}"
        raise ValueError(msg)
    address = "127.0.0.1" if host == _LOCALHOST else host
    if not _is_loopback(address):
        msg = f"url = {url!r}, must be {_EXPECTED}: load is sent to this machine only"
        raise ValueError(msg)
    return LocalServer(address, _PORT if port is None else port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
