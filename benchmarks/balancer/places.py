"""The addresses, cores and durations that all parts of the benchmark share."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ADDRESS: Final = "127.0.0.1"  # all traffic stays on this machine
HOST: Final = "beside-its-peers.us-east-1.awsapprunner.localhost"
PROXY_CORE: Final = 0
OTHER_CORE: Final = 1  # for the origin and the client
# Idle connections must outlast their measurement, which takes half a minute per proxy.
KEEP_ALIVE_S: Final = 600


@dataclass(frozen=True, slots=True)
class Places:
    """The ports of one proxy and of its origin, and its certificate.

    `certificate` contains key and chain; `authority` is the certificate of its CA. `folder` is for files of the proxy.
    """

    tls_port: int
    plain_port: int
    origin_port: int
    certificate: Path
    folder: Path


def free_ports(count: int) -> list[int]:
    """Return ports that are free now. All are bound at the same time, so that they differ."""
    holders = [socket.socket() for _ in range(count)]
    try:
        for holder in holders:
            holder.bind((ADDRESS, 0))
        return [int(holder.getsockname()[1]) for holder in holders]
    finally:
        for holder in holders:
            holder.close()
