"""Access control of the console. Browsers send requests of any site to this machine, so loopback is no protection.

- Every request, including those that only read, must name this server's own host and port and come from its own page:
  the rule of all listeners of this project (`wire/own_names.py`).
- A request that changes something needs the token of this run, which only the URL on the terminal contains, in a header
  field that no form and no simple cross-site request can send.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Final

from simulator.wire.own_names import AddressedRequest, OwnNames

HOST: Final = "127.0.0.1"
TOKEN_FIELD: Final = "x-console-token"  # noqa: S105 a name, not the token


class RequestGuard:
    """The access control of one server. `port` is set when the server listens."""

    def __init__(self) -> None:
        self._names = OwnNames(port=0)
        self.token = secrets.token_urlsafe(24)  # 192 bits, which cannot be guessed within a run

    @property
    def port(self) -> int:
        return self._names.port or 0

    @port.setter
    def port(self, port: int) -> None:
        self._names.port = port

    def url(self, path: str = "/") -> str:
        """Return the URL with the token after `#`, the part that browsers do not send."""
        return f"http://{HOST}:{self.port}{path}#token={self.token}"

    def rejects(self, request: AddressedRequest) -> str | None:
        """Return why a request of any kind is rejected; None if it is allowed."""
        return self._names.rejection(request)

    def rejects_change(self, fields: Mapping[str, str]) -> str | None:
        """Return why a request that changes something is rejected, by conditions that `rejects` does not check."""
        if fields.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return "content-type, must be application/json"
        token = fields.get(TOKEN_FIELD, "")
        if not hmac.compare_digest(token.encode("utf-8", "surrogateescape"), self.token.encode()):
            return f"{TOKEN_FIELD}, must be the token of the URL that the simulator printed"
        return None
