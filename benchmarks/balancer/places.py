"""What every part of the benchmark agrees on."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ADDRESS: Final = "127.0.0.1"  # all traffic stays on this machine
HOST: Final = "beside-its-peers.us-east-1.awsapprunner.localhost"
PROXY_CORE: Final = 0
OTHER_CORE: Final = 1  # the origin's and the client's
# Idle connections must outlive their measurement, which takes half a minute a proxy.
KEEP_ALIVE_S: Final = 600


@dataclass(frozen=True, slots=True)
class Places:
    """Where one proxy listens, what stands behind it, and its certificate: key and chain in one file, `authority` CA's.

    `folder` is for its files.
    """

    tls_port: int
    plain_port: int
    origin_port: int
    certificate: Path
    folder: Path


def free_ports(count: int) -> list[int]:
    """Ports that are free now. All are bound until the last is known, so that they differ."""
    holders = [socket.socket() for _ in range(count)]
    try:
        for holder in holders:
            holder.bind((ADDRESS, 0))
        return [int(holder.getsockname()[1]) for holder in holders]
    finally:
        for holder in holders:
            holder.close()
