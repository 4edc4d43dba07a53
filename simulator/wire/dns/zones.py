"""The responses of the authoritative DNS server: names of the platform and records of users (RFC 1034, RFC 2308)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset

from simulator.wire.dns.zone_file import TTL_S, Node, ZoneFile

PAYLOAD_MAX: Final = 1232  # maximum bytes over UDP, as DNS flag day 2020 recommends
_UDP_MAX: Final = 512  # maximum bytes over UDP for clients without EDNS
_HEADER: Final = 12
_CHAIN_MAX: Final = 8  # maximum number of CNAME records that one response follows
_NEGATIVE_TTL_S: Final = 1
# App Runner's domain, and its counterpart on this machine.
_OWN: Final = tuple(dns.name.from_text(name) for name in ("awsapprunner.com", "awsapprunner.localhost"))
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_REJECTED_TYPES: Final = frozenset({dns.rdatatype.AXFR, dns.rdatatype.IXFR})


class _Index(NamedTuple):
    """Derived from the records: the apexes of zones, and the names that exist only because they have subdomains."""

    versions: tuple[int, ...]
    apexes: frozenset[dns.name.Name]
    inner: frozenset[dns.name.Name]


class ServedHosts(Protocol):
    """The host names of services, without a final dot."""

    def knows(self, host: str) -> bool:
        """Return True if a service is served under this name."""

    def is_dual_stack(self, host: str) -> bool:
        """Return True if a known name also has an IPv6 address."""


class Zones:
    """Creates responses for the host names of services, and for the records of `files`.

    `addresses` are those on which the load balancer listens; the IPv6 ones are only used for dual-stack names.
    """

    def __init__(
        self, files: Sequence[ZoneFile] = (), hosts: ServedHosts | None = None, *, addresses: Iterable[str]
    ) -> None:
        self._files = files
        self._services = hosts
        self._dual_stack: Node = {}
        for address in addresses:
            kind = dns.rdatatype.AAAA if ":" in address else dns.rdatatype.A
            self._dual_stack[kind] = dns.rdataset.from_text(dns.rdataclass.IN, kind, TTL_S, address)
        self._hosts = {kind: found for kind, found in self._dual_stack.items() if kind == dns.rdatatype.A}
        self._index = _Index((), frozenset(), frozenset())

    def serve(self, hosts: ServedHosts) -> None:
        """Set the host names of services. Called once the code that serves them exists."""
        self._services = hosts

    def _serves(self, host: str) -> bool:
        return self._services is not None and self._services.knows(host)

    def answer(self, wire: bytes, *, over_udp: bool) -> bytes | None:
        """Return the response to a message; None if the message is a response itself, or is shorter than a header."""
        if len(wire) < _HEADER or wire[2] & 0x80:
            return None
        try:
            query = dns.message.from_wire(wire, ignore_trailing=True)
        except (dns.exception.DNSException, ValueError):
            return _malformed(wire)
        response = dns.message.make_response(query, our_payload=PAYLOAD_MAX)
        self._fill(query, response)
        most = min(max(query.payload, _UDP_MAX), PAYLOAD_MAX) if over_udp else 0xFFFF
        return response.to_wire(max_size=most, prefer_truncation=True)

    def values(self, name: str, kind: str) -> frozenset[str]:
        """Return the values of a name's records of one type."""
        owner, wanted = dns.name.from_text(name.lower()), dns.rdatatype.from_text(kind)
        self._refresh()
        records = (self._node(owner) or {}).get(wanted, ())
        return frozenset(record.to_text() for record in records)

    # --- responses -------------------------------------------------------------------------------------------------

    def _fill(self, query: dns.message.Message, response: dns.message.Message) -> None:
        if query.opcode() != dns.opcode.QUERY:
            response.set_rcode(dns.rcode.NOTIMP)
            return
        if query.edns > 0:
            response.set_rcode(dns.rcode.BADVERS)
            return
        if len(query.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
            return
        name, kind, rdclass = query.question[0].name, query.question[0].rdtype, query.question[0].rdclass
        self._refresh()
        apex = self._apex(name)
        if rdclass != dns.rdataclass.IN or kind in _REJECTED_TYPES or apex is None:
            response.set_rcode(dns.rcode.REFUSED)
            return
        response.flags |= dns.flags.AA
        seen: list[dns.name.Name] = []
        while True:
            seen.append(name)
            node = self._node_of_zone(name, apex)
            if node is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
            alias = (node or {}).get(dns.rdatatype.CNAME)
            if alias is not None and kind not in {dns.rdatatype.CNAME, dns.rdatatype.ANY}:
                response.answer.append(_rrset(name, alias))
                name = alias[0].target
                apex = self._apex(name)
                if apex is None or name in seen or len(seen) > _CHAIN_MAX:
                    return
                continue
            found = [each for each in (node or {}).values() if kind in {each.rdtype, dns.rdatatype.ANY}]
            response.answer.extend(_rrset(name, each) for each in found)
            if not found:
                response.authority.append(_rrset(apex, self._soa(apex), _NEGATIVE_TTL_S))
            return

    def _node_of_zone(self, name: dns.name.Name, apex: dns.name.Name) -> Node | None:
        """Return the records of a name, an empty node if the name exists without records; None if it does not exist."""
        node = self._node(name)
        if name != apex:
            if node is None and (name in self._index.inner or self._is_region(name)):
                return {}
            return node
        own = {dns.rdatatype.SOA: self._soa(apex), dns.rdatatype.NS: _NAME_SERVER}
        node = node or {}
        return node if dns.rdatatype.CNAME in node else own | node

    def _node(self, name: dns.name.Name) -> Node | None:
        """Return the records of users for a name, else the platform's, else those of a wildcard (RFC 4592)."""
        found = self._users(name)
        if found is None and self._serves(_text(name)):
            dual = self._services is not None and self._services.is_dual_stack(_text(name))
            return self._dual_stack if dual else self._hosts
        above = name
        while found is None and len(above) > 1 and name not in self._index.inner:
            above = above.parent()
            found = self._users(dns.name.Name((b"*", *above.labels)))
            if self._users(above) is not None or above in self._index.inner:
                break
        return found

    def _users(self, name: dns.name.Name) -> Node | None:
        nodes = [node for file in self._files if (node := file.nodes.get(name)) is not None]
        if len(nodes) <= 1:
            return nodes[0] if nodes else None
        merged: Node = {}
        for node in reversed(nodes):
            merged |= node
        return merged

    # --- zones -----------------------------------------------------------------------------------------------------

    def _apex(self, name: dns.name.Name) -> dns.name.Name | None:
        """Return the apex of the zone that contains a name; None if the name is in no zone of this server."""
        for depth in range(2, len(name) + 1):
            _, suffix = name.split(depth)
            if suffix in self._index.apexes or self._serves(_text(suffix)):
                return suffix
        return None

    def _is_region(self, name: dns.name.Name) -> bool:
        """Return True for a Region below App Runner's domain. The name exists, because names of services are
        below it.
        """
        return len(name) > 1 and name.parent() in _OWN and _REGION.fullmatch(_text(name).partition(".")[0]) is not None

    def _refresh(self) -> None:
        """Derive zones and inner names again if records have changed.

        The apex of a zone is the name of a record, without leading labels that only occur in records (`_x`, `*`).
        """
        nodes = [name for file in self._files for name in file.nodes]
        versions = tuple(file.version for file in self._files)
        if versions == self._index.versions and self._index.apexes:
            return
        apexes, inner = set(_OWN), set[dns.name.Name]()
        for name in nodes:
            apex = name
            while len(apex) > 2 and (apex.labels[0].startswith(b"_") or apex.labels[0] == b"*"):
                apex = apex.parent()
            apexes.add(apex)
            inner.update(_above(name))
        self._index = _Index(versions, frozenset(apexes), frozenset(inner))

    def _soa(self, apex: dns.name.Name) -> dns.rdataset.Rdataset:
        given = (self._users(apex) or {}).get(dns.rdatatype.SOA)
        if given is not None:
            return given
        serial = sum(self._index.versions) + 1
        text = f"localhost. hostmaster.localhost. {serial} 3600 600 86400 {_NEGATIVE_TTL_S}"
        return dns.rdataset.from_text(dns.rdataclass.IN, dns.rdatatype.SOA, TTL_S, text)


_NAME_SERVER: Final = dns.rdataset.from_text(dns.rdataclass.IN, dns.rdatatype.NS, TTL_S, "localhost.")


def _above(name: dns.name.Name) -> Iterable[dns.name.Name]:
    while len(name) > 1:
        name = name.parent()
        yield name


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _rrset(name: dns.name.Name, records: dns.rdataset.Rdataset, ttl: int | None = None) -> dns.rrset.RRset:
    return dns.rrset.from_rdata_list(name, records.ttl if ttl is None else ttl, list(records))


def _malformed(wire: bytes) -> bytes:
    """Return FORMERR with the id of the message and no question section, because the message could not be parsed."""
    flags = 0x8000 | (int.from_bytes(wire[2:4]) & 0x7900)  # set QR; keep opcode and RD
    return wire[:2] + (flags | dns.rcode.FORMERR).to_bytes(2) + bytes(8)
