"""The target of the live load, and its limits."""

from __future__ import annotations

import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoadTarget:
    """The address of a service. `host` is its name (SNI and Host); `address` and `port` are where it listens.

    If `tls` is None, connections are plain TCP.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    address: str = "127.0.0.1"

    @property
    def origin(self) -> str:
        """The scheme and authority of its URLs."""
        return f"{'https' if self.tls else 'http'}://{self.authority}"

    @property
    def authority(self) -> str:
        return self.host if self.port == (443 if self.tls else 80) else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """Limits of a load client.

    `connections_max` is the maximum number of connections. Each takes two file descriptors of this process if the
    platform runs in it too. `opening_max` is the maximum number of concurrent handshakes: a handshake takes
    milliseconds of CPU, so more would delay all of them, and the requests that wait in the meantime would open even
    more connections. `answer_s_max` is the client's time limit, measured from the intended time. It is above the
    platform's 120 s, so that the client receives the platform's own response.

    Raises:
        ValueError: if a value is out of range.
    """

    connections_max: int = 1000
    opening_max: int = 4
    waiting_max: int = 100_000
    connect_s_max: float = 10.0
    answer_s_max: float = 130.0

    def __post_init__(self) -> None:
        for name in ("connections_max", "opening_max", "waiting_max"):
            if getattr(self, name) < 1:
                msg = f"{name} = {getattr(self, name)}, must be at least 1"
                raise ValueError(msg)
        for name in ("connect_s_max", "answer_s_max"):
            if not getattr(self, name) > 0:
                msg = f"{name} = {getattr(self, name):g} s, must be more than 0 s"
                raise ValueError(msg)
