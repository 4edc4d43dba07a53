"""DNS records in a zone file (RFC 1035, section 5). The file is read again whenever it changes."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.tokenizer
import dns.zonefile

from simulator.world.private_files import write_private

Node = dict[dns.rdatatype.RdataType, dns.rdataset.Rdataset]
Nodes = dict[dns.name.Name, Node]

TTL_S: Final = 5  # of records without a TTL; short, so that a changed record is seen soon
_NAME_CHARACTERS: Final = re.compile(r"[A-Za-z0-9*_.-]+")
# Types that are not allowed in a zone file, or whose records the server creates itself.
_NOT_ADDED: Final = frozenset({dns.rdatatype.SOA, dns.rdatatype.OPT, dns.rdatatype.TSIG, dns.rdatatype.TKEY})

_log = logging.getLogger(__name__)


class ZoneFile:
    """The records of one file. A missing file has no records."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises ValueError if it is malformed and OSError if it cannot be read."""
        self.path = path
        self._seen = self._signature()
        self._nodes = self._read()
        self.version = 1  # incremented by every change

    @property
    def nodes(self) -> Nodes:
        """The records. While the file is malformed or unreadable, the records that were read last."""
        signature = self._signature()
        if signature != self._seen:
            self._seen = signature
            try:
                self._nodes = self._read()
            except (OSError, ValueError) as error:
                _log.warning("%s: the records before the last change stay in force", error)
            else:
                self.version += 1
        return self._nodes

    def values(self, name: str, kind: str) -> list[str]:
        """Return the values of a name's records of one type, in the form of a zone file."""
        return [record.to_text() for record in self.nodes.get(_owner(name), {}).get(_type(kind), ())]

    def add(self, name: str, kind: str, value: str) -> str:
        """Add a record, write the file and return the record as a line.

        Raises:
            ValueError: for a malformed record, or for a CNAME record beside other records.
        """
        owner, data = _owner(name), _data(kind, value)
        nodes = {each: dict(node) for each, node in self.nodes.items()}
        node = nodes.setdefault(owner, {})
        _reject_beside_cname(name, node, data.rdtype)
        if data.rdtype is dns.rdatatype.CNAME and data.rdtype in node:
            before = node[data.rdtype][0].to_text()
            if node[data.rdtype][0] != data:
                raise ValueError(f"{name} has the CNAME record {before}, and can have one only: remove it first")
        records = dns.rdataset.Rdataset(data.rdclass, data.rdtype)
        for each in (*node.get(data.rdtype, ()), data):
            records.add(each, TTL_S)
        node[data.rdtype] = records
        self._write(nodes)
        return _line(owner, records.ttl, data)

    def remove(self, name: str, kind: str | None = None, value: str | None = None) -> list[str]:
        """Remove all records of a name, or those of a type, or one record; write the file and return their lines.

        Raises:
            ValueError: for a malformed name, type or value, or if there is no such record.
        """
        owner = _owner(name)
        wanted = None if kind is None else _type(kind)
        data = _data(kind, value) if kind is not None and value is not None else None
        nodes, gone = {each: dict(node) for each, node in self.nodes.items()}, []
        node = nodes.get(owner, {})
        for each in [each for each in node if wanted in {None, each}]:
            left = dns.rdataset.Rdataset(node[each].rdclass, each, ttl=node[each].ttl)
            for record in node[each]:
                if data in {None, record}:
                    gone.append(_line(owner, node[each].ttl, record))
                else:
                    left.add(record)
            if left:
                node[each] = left
            else:
                del node[each]
        if not gone:
            there = "; ".join(lines_of({owner: node})) if node else "no record"
            raise ValueError(f"{' '.join(filter(None, (name, kind, value)))}: there is no such record; it has {there}")
        if not node:
            del nodes[owner]
        self._write(nodes)
        return gone

    def _write(self, nodes: Nodes) -> None:
        write_private(self.path, "".join(f"{line}\n" for line in lines_of(nodes)).encode())
        self._seen, self._nodes = self._signature(), nodes
        self.version += 1

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> Nodes:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        return parse_zone(text, str(self.path))


def parse_zone(text: str, place: str) -> Nodes:
    """Return the records in the text of a zone file. Without $ORIGIN, names are relative to the root.

    Raises:
        ValueError: with `place`, the line and the problem.
    """
    read = _Records()
    source = io.StringIO(text)
    tokens = dns.tokenizer.Tokenizer(source, filename=place)
    reader = dns.zonefile.Reader(
        tokens, dns.rdataclass.IN, read, allow_include=False, allow_directives=True, default_ttl=TTL_S
    )
    try:
        reader.read()
    except (dns.exception.DNSException, ValueError) as error:
        what = str(error).removeprefix(f"{place}:{tokens.where()[1]}: ") or type(error).__name__
        line = text[: source.tell()].rstrip("\n").count("\n") + 1  # the tokenizer may already be on the next line
        message = f"{place}, line {line}: {what}, must be records such as `www.acme.dev. CNAME acme.dev.`"
        raise ValueError(message) from error
    return read.nodes


class _Records(dns.zonefile.RRsetsReaderTransaction):
    """Collects the records of a zone file. Unlike dnspython's zones, it does not require one zone with one
    SOA record.
    """

    def __init__(self) -> None:
        super().__init__(dns.zonefile.RRSetsReaderManager(), True, False)  # type: ignore[no-untyped-call]
        self.nodes: Nodes = {}

    def add(self, *args: Any) -> None:
        name, ttl, record = args
        node = self.nodes.setdefault(name, {})
        _reject_beside_cname(name.to_text(), node, record.rdtype)
        node.setdefault(record.rdtype, dns.rdataset.Rdataset(record.rdclass, record.rdtype)).add(record, ttl)


def _reject_beside_cname(name: str, node: Node, added: dns.rdatatype.RdataType) -> None:
    others = [each for each in node if (each is dns.rdatatype.CNAME) != (added is dns.rdatatype.CNAME)]
    if others:
        there = ", ".join(each.name for each in others)
        raise ValueError(
            f"{name} has a record of type {there}; a CNAME record must be the only one of its name: remove one"
        )


def lines_of(nodes: Mapping[dns.name.Name, Node]) -> list[str]:
    """Return the records as lines of a zone file, sorted."""
    return [
        _line(name, records.ttl, record)
        for name in sorted(nodes)
        for _, records in sorted(nodes[name].items())
        for record in records
    ]


def _line(name: dns.name.Name, ttl: int, record: dns.rdata.Rdata) -> str:
    return f"{name.to_text()} {ttl} IN {dns.rdatatype.to_text(record.rdtype)} {record.to_text()}"


def _owner(name: str) -> dns.name.Name:
    if not _NAME_CHARACTERS.fullmatch(name):
        raise ValueError(f"name = {name!r}, must be a host name such as www.acme.dev")
    try:
        return dns.name.from_text(name.lower())
    except dns.exception.DNSException as error:
        raise ValueError(f"name = {name!r}, must be a host name such as www.acme.dev: {error}") from error


def _type(kind: str) -> dns.rdatatype.RdataType:
    try:
        found = dns.rdatatype.from_text(kind)
    except (dns.exception.DNSException, ValueError):
        found = dns.rdatatype.NONE
    if dns.rdatatype.is_metatype(found) or found in _NOT_ADDED or found == dns.rdatatype.NONE:
        raise ValueError(f"type = {kind!r}, must be a type of record such as CNAME, A, AAAA, TXT or CAA")
    return found


def _data(kind: str, value: str) -> dns.rdata.Rdata:
    try:
        return dns.rdata.from_text(dns.rdataclass.IN, _type(kind), value, origin=dns.name.root, relativize=False)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(f"value = {value!r}, must be the value of a record of type {kind.upper()}: {error}") from error
