"""The address of a container engine: the default, and a check that the driver can reach it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

DEFAULT_HOST: Final = "unix:///var/run/docker.sock"
UNIX: Final = "unix://"
_TCP: Final = re.compile(r"^tcp://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}/?$")


def check_host(host: str) -> str:
    """Return `host` unchanged.

    Raises:
        ValueError: if it is not the address of an engine that this driver can reach.
    """
    rest = host.removeprefix(UNIX)
    if not (host.startswith(UNIX) and rest.startswith("/")) and not _TCP.match(host):
        msg = f"engine = {host!r}, must be unix:///path/of/its/socket or tcp://host:port"
        raise ValueError(msg)
    return host


def is_local(host: str) -> bool:
    """Return True if the engine runs on this machine, so that its control groups are accessible."""
    return host.startswith(UNIX) and Path(host.removeprefix(UNIX)).is_socket()
