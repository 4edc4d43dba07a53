"""Host names under which the simulator's listeners may be addressed. All listeners without a secret use this rule.

Browsers can send requests of any site to this machine, so listening on loopback alone protects nothing. Requests of a
page whose own name resolves to 127.0.0.1 (DNS rebinding) have a foreign Host field; those of a page of another site, or
of another port of this machine, have a foreign Origin field or a cross-site Sec-Fetch-Site. Both are rejected. Programs
send the name that they were configured with and no Origin, so the AWS CLI, SDKs, Terraform and Prometheus are not
affected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Final, NamedTuple

_LOCALHOST: Final = "localhost"  # RFC 6761: no DNS may answer for it
_HTTP_PORT: Final = 80  # browsers omit it
_SHOWN_MAX: Final = 80  # characters of a field that a message shows
_READS: Final = frozenset({"GET", "HEAD"})
_OWN_SITES: Final = frozenset({"same-origin", "none"})


class AddressedRequest(NamedTuple):
    """The destination and source of a request, as stated by its head.

    `target` is as on the request line. `hosts` has every Host field, `fields` the others by their names in lower case.
    """

    scheme: str
    method: str
    target: str
    hosts: list[str]
    fields: Mapping[str, str]


class OwnNames:
    """The names and addresses of loopback, and `names`, which the user has configured.

    If `port` is given, the Host field must contain it. Omit it for a listener that users reach through a forwarded
    port; pages cannot exploit another port on a name of loopback.
    """

    def __init__(self, names: Iterable[str] = (), *, port: int | None = None) -> None:
        self._names = frozenset(_plain(name) for name in names)
        self.port = port

    def rejection(self, request: AddressedRequest) -> str | None:
        """Return why the request is rejected; None if it is accepted."""
        return self.rejects_host(request.target, request.hosts) or self.rejects_origin(request)

    def rejects_host(self, target: str, hosts: list[str]) -> str | None:
        """Return why the requested host name is rejected; None if it is accepted."""
        if len(hosts) != 1:
            return f"Host, must be given once: {self._expected()}"
        named = [hosts[0]]
        if not target.startswith(("/", "*")):  # a target in absolute form contains a host name, too (RFC 9112 3.2.2)
            named.append(target.partition("://")[2].partition("/")[0].partition("?")[0])
        for each in named:
            if not self._is_own(each):
                return f"Host = {each[:_SHOWN_MAX]!r}, must be {self._expected()}"
        return None

    def rejects_origin(self, request: AddressedRequest) -> str | None:
        """Return why the page that sent the request is rejected; None if it is accepted. The Host field was checked
        before.
        """
        origin, site = request.fields.get("origin"), request.fields.get("sec-fetch-site")
        if origin is not None:
            scheme, _, authority = origin.partition("://")
            if scheme != request.scheme or [authority.lower()] != [host.lower() for host in request.hosts]:
                return f"Origin = {origin[:_SHOWN_MAX]!r}, must be this listener's own: foreign pages are rejected"
        if site is not None and site not in _OWN_SITES:
            # The response to a link that a user follows is shown to that user; the page with the link cannot read it.
            if request.method in _READS and request.fields.get("sec-fetch-mode") == "navigate":
                return None
            return f"Sec-Fetch-Site = {site[:_SHOWN_MAX]!r}, must be same-origin: foreign pages are rejected"
        return None

    def has(self, name: str) -> bool:
        """Return True if a host name without port is one of the own names."""
        plain = _plain(name)
        return plain == _LOCALHOST or plain in self._names or is_loopback_address(plain)

    def _is_own(self, authority: str) -> bool:
        name, port = split_authority(authority)
        if port is None or not self.has(name):
            return False
        return self.port is None or port == str(self.port) or (port == "" and self.port == _HTTP_PORT)

    def _expected(self) -> str:
        names = ["localhost", "127.0.0.1", *sorted(self._names - {_LOCALHOST, "127.0.0.1"})]
        port = f", with port {self.port}" if self.port is not None else ""
        return f"a name of this listener: {', '.join(names)}{port}"


def split_authority(authority: str) -> tuple[str, str | None]:
    """Return the name and the port. The port is empty if it is missing, and None if the authority is malformed."""
    if authority.startswith("["):
        name, closed, rest = authority.partition("]")
        name, rest = name[1:], rest if closed else "?"
    else:
        name, colon, port = authority.partition(":")
        rest = colon + port
    if rest and not (rest.startswith(":") and ((rest[1:].isascii() and rest[1:].isdigit()) or rest == ":")):
        return name, None
    return name, rest[1:]


def is_loopback_address(name: str) -> bool:
    """Return True if `name` is an IP address of loopback."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _plain(name: str) -> str:
    return name.lower().removesuffix(".").removeprefix("[").removesuffix("]")
