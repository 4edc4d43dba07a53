"""Who may ask the console for something. Browsers carry requests of any site to this machine, so loopback is no guard.

- The Host field must name this server on loopback: a name that somebody else's DNS points here (DNS rebinding) is
  refused, for reading too, so no other site reads what a page of it made a browser ask.
- What changes something needs the token of this run, which only the URL on the terminal has, in a field that no form
  and no simple cross-site request can carry; and when the browser tells an Origin or the site of the request
  (Sec-Fetch-Site), it must be this server's own.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Final

HOST: Final = "127.0.0.1"
TOKEN_FIELD: Final = "x-console-token"  # noqa: S105 a name, not the token
# Names of loopback that no DNS of anybody else can hand out: literals, and localhost with what is below it (RFC 6761).
_LITERALS: Final = frozenset({HOST, "[::1]", "localhost"})


class Guard:
    """One per server. `port` is set when it listens."""

    def __init__(self) -> None:
        self.port = 0
        self.token = secrets.token_urlsafe(24)  # 192 bits: nobody guesses it within a run

    def url(self, path: str = "/") -> str:
        """With the token behind `#`, which browsers keep to themselves."""
        return f"http://{HOST}:{self.port}{path}#token={self.token}"

    def refuses_host(self, host: str | None) -> str | None:
        """Why a request with this Host field is refused; None when it is welcome."""
        if host is not None and host in self._hosts():
            return None
        return f"host = {host!r}, must be this server's own, {HOST}:{self.port}"

    def refuses_change(self, fields: Mapping[str, str]) -> str | None:
        """Why a request that changes something is refused; its Host has been looked at."""
        origin, site = fields.get("origin"), fields.get("sec-fetch-site")
        if origin is not None and origin.removeprefix("http://") not in self._hosts():
            return f"origin = {origin!r}, must be the console's own page"
        if site is not None and site not in {"same-origin", "none"}:
            return f"sec-fetch-site = {site!r}, must be same-origin"
        if fields.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return "content-type, must be application/json"
        token = fields.get(TOKEN_FIELD, "")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return f"{TOKEN_FIELD}, must be the token of the URL that the simulator printed"
        return None

    def _hosts(self) -> frozenset[str]:
        return frozenset(f"{name}:{self.port}" for name in _LITERALS)
