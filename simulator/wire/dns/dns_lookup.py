"""Looks up DNS records, either in the simulator's own zones or at a resolver."""

from __future__ import annotations

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver

from simulator.wire.dns.zones import Zones

_LIFETIME_S = 5.0  # time limit of a lookup, including retransmissions


class OwnLookup:
    """Looks up records in the zones of the simulator's DNS server, without a socket."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones

    async def __call__(self, name: str, kind: str) -> frozenset[str] | None:
        return frozenset() if _host_of(name) is None else self._zones.values(name, kind)


class ResolverLookup:
    """Queries a resolver over UDP, and over TCP if the response is truncated."""

    def __init__(self, host: str, port: int) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        self._resolver.nameservers = [host]
        self._resolver.port = port
        self._resolver.lifetime = _LIFETIME_S

    async def __call__(self, name: str, kind: str) -> frozenset[str] | None:
        """Return the values of the records, an empty set if there are none, or None if the resolver did not respond."""
        host = _host_of(name)
        if host is None:
            return frozenset()
        try:
            answer = await self._resolver.resolve(host, kind, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return frozenset()
        except (dns.exception.DNSException, OSError):
            return None
        return frozenset(record.to_text() for record in answer.rrset or ())


def _host_of(name: str) -> dns.name.Name | None:
    """Return the name, or None if it is not valid in DNS, such as one of more than 255 octets (RFC 1035, 2.3.4)."""
    try:
        return dns.name.from_text(f"{name.removesuffix('.').lower()}.")
    except dns.exception.DNSException:
        return None
