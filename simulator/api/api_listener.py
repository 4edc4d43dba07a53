"""The address and certificate with which the API listens, as a value that is validated when it is created."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ApiListener:
    """Where the API listens. `port`: 0 is any free port. `tls`: use a certificate of the local authority for `name`.

    `name`: the name that clients use; default: `host`. `certificate`, `key`: the user's own PEM files.

    Raises:
        ValueError: if the local authority would have to issue a certificate for the wildcard address.
    """

    host: str = "127.0.0.1"
    port: int = 0
    tls: bool = False
    certificate: Path | None = None
    key: Path | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if self.tls and self.certificate is None and self.name is None and self._is_every_address:
            msg = f"host = {self.host!r}, must come with the name or address that clients use, or with a certificate"
            raise ValueError(msg)

    @property
    def called(self) -> str:
        """The name that clients use."""
        if self.name is not None:
            return self.name
        return "localhost" if self._is_every_address else self.host

    @property
    def _is_every_address(self) -> bool:
        return self.host in {"", "0.0.0.0", "::"}  # noqa: S104 a question, not a socket

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False
