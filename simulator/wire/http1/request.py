"""Request heads: validated strictly, and forwarded to an instance.

Fields without meaning for a proxy are kept as lines, byte for byte and in order. The few with a meaning are extracted,
validated, and written again, so the forwarded head is consistent by construction: one Host, one framing, no hop-by-hop
field. Fields whose names contain `_` and which a CGI-style application would take for one of those few are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.fields import BoundedCache, FieldTable, connection_tokens, without_named
from simulator.wire.http1.framing import CHUNKED, request_length
from simulator.wire.http1.grammar import (
    ABSOLUTE_FORM,
    AUTHORITY,
    BARE_LF,
    DIGITS,
    ENDED_REQUEST_LINE,
    IP_FUTURE,
    OTHER_VERSION,
    REQUEST_LINE,
    TOKEN,
)
from simulator.wire.http1.local_replies import WEBSOCKET

__all__ = ["ENVOY_FIELDS", "IDEMPOTENT", "PLAIN_FIELDS", "FieldTable", "RequestHead", "check_beginning", "read_request"]

# Cached valid values of Host: names of services, and unknown names that clients use.
_HOSTS: Final[BoundedCache[bytes]] = BoundedCache(1024)

IDEMPOTENT: Final = frozenset({b"GET", b"HEAD", b"PUT", b"DELETE", b"OPTIONS"})  # RFC 9110 9.2.2, without TRACE

_PORT_MAX: Final = 65535
_PORT_DIGITS: Final = 5

_NOTHING: Final[Mapping[bytes, bytes]] = {}

_JUDGED: Final = (
    b"host",
    b"connection",
    b"content-length",
    b"transfer-encoding",
    b"expect",
    b"upgrade",
    b"x-forwarded-for",
    b"max-forwards",
)
_DROPPED: Final = (
    b"keep-alive",
    b"proxy-connection",
    b"te",  # trailers are dropped here, so none may be announced
    b"trailer",
    b"http2-settings",
    b"x-forwarded-proto",  # set by the balancer
)
# Set by Envoy, so a client's values are not trusted.
_ENVOYS: Final = (
    b"x-request-id",  # Envoy generates its own for external requests
    b"x-envoy-expected-rq-timeout-ms",
    b"x-envoy-internal",
    b"x-envoy-external-address",
)
# Set by a balancer with standard headers; Envoy forwards the client's values.
_STANDARDS: Final = (b"forwarded", b"x-forwarded-host", b"x-forwarded-port")


def _field_table(dropped: tuple[bytes, ...]) -> FieldTable:
    """Return a table that drops the fields in `dropped`, and spellings with `_` of all names that it extracts or drops.

    A CGI-style application would take such a spelling for the name itself.
    """
    return FieldTable(
        {
            **{name.replace(b"-", b"_"): b"" for name in _JUDGED + dropped},
            **dict.fromkeys(dropped, b""),
            **{name: name for name in _JUDGED},
        }
    )


ENVOY_FIELDS: Final = _field_table(_DROPPED + _ENVOYS)
PLAIN_FIELDS: Final = _field_table(_DROPPED + _STANDARDS)


class RequestHead:
    """A valid request head. `length` is that of the body, as in framing.py; `minor` is the minor HTTP version, 0 or 1.

    `authority` is the Host as it is forwarded, empty if an HTTP/1.0 request has none. `last_hop` is True for an OPTIONS
    request that must not be forwarded (Max-Forwards: 0). `upgrade` has the requested protocols, in lower case. `tunnel`
    is set by the code that permits it; the request is then forwarded as one for a WebSocket. `taken` has the fields
    that are not forwarded unchanged, by the keys of the table.
    """

    __slots__ = (
        "_lines",
        "_sized",
        "authority",
        "expects_continue",
        "forwarded_for",
        "keep_alive",
        "last_hop",
        "length",
        "method",
        "minor",
        "taken",
        "target",
        "tunnel",
        "upgrade",
    )

    def __init__(self, method: bytes, target: bytes, minor: int) -> None:
        self.method = method
        self.target = target
        self.minor = minor
        self.authority = b""
        self.length = 0
        self.keep_alive = minor == 1
        self.expects_continue = False
        self.upgrade = b""
        self.forwarded_for = b""
        self.last_hop = False
        self.tunnel = False
        self.taken: Mapping[bytes, bytes] = _NOTHING
        self._lines: list[bytes] = []
        self._sized = False

    def forward(self, client: bytes, added: bytes) -> bytes:
        """Return the head for an instance. `client` is the address of the peer, `added` has complete lines of
        fields.
        """
        if self.length == CHUNKED:
            framing = b"transfer-encoding: chunked\r\n"
        elif self.tunnel:
            framing = WEBSOCKET
        else:
            framing = b"content-length: %d\r\n" % self.length if self._sized else b""
        start = b"%b %b HTTP/1.1\r\nhost: %b\r\n" % (self.method, self.target, self.authority)
        tail = b"%bx-forwarded-for: %b\r\n%b\r\n" % (framing, self.forwarded_by(client), added)
        return b"".join((start, *self._lines, tail))

    def insert(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        """Add these fields, with names in lower case, to the forwarded head. They replace the client's fields of the
        same names.
        """
        given = dict(fields)
        kept = [line for line in self._lines if line.partition(b":")[0].lower() not in given]
        self._lines = [*kept, *(b"%b: %b\r\n" % pair for pair in given.items())]

    def forwarded_by(self, client: bytes) -> bytes:
        """Return the value of X-Forwarded-For: the client's value of it, and the address of the client."""
        return b"%b, %b" % (self.forwarded_for, client) if self.forwarded_for else client

    def field(self, name: bytes) -> bytes | None:
        """Return the value of the first kept field with the name `name` (lower case); None if there is none.

        Too slow to be used for every request.
        """
        for line in self._lines:
            found, _, value = line.partition(b":")
            if found.lower() == name:
                return value.strip()
        return None

    def fields(self) -> list[tuple[bytes, bytes]]:
        """Return all fields as the client sent them, with names in lower case; those with a meaning for a proxy are
        first.
        """
        kept = (line.partition(b":") for line in self._lines)
        return [*self.taken.items(), *((name.lower(), value.strip()) for name, _, value in kept)]

    def _judge(self, findings: dict[bytes, bytes]) -> None:
        self.taken = findings
        get = findings.get
        length = get(b"content-length")
        self._sized = length is not None
        self.length = request_length(self.minor, get(b"transfer-encoding"), length)
        self.forwarded_for = get(b"x-forwarded-for", b"")
        self._take_target(get(b"host"))
        if len(findings) == 1 and b"host" in findings:  # most heads have no other field with a meaning for a proxy
            return
        connection = get(b"connection")
        if connection is not None and not (connection == b"keep-alive" and self.minor == 1):
            self._take_connection(connection, get(b"upgrade", b""))
        expect = get(b"expect")
        if expect is not None:
            self._take_expectation(expect)
        hops = get(b"max-forwards")
        if hops is not None:
            self._take_max_forwards(hops)

    def _take_target(self, host: bytes | None) -> None:
        """Convert the target to origin-form. The authority of an absolute target replaces Host (RFC 9112 3.2.2)."""
        if self.minor == 1 and host is None:
            raise ProtocolError("no Host")
        if host is not None:
            self.authority = _HOSTS.get(host) or _judge_host(host)
        if self.target[0] == 0x2F or self.method == b"CONNECT":
            return
        if self.target == b"*":
            if self.method != b"OPTIONS":
                raise ProtocolError("target * is for OPTIONS")
            return
        absolute = ABSOLUTE_FORM.fullmatch(self.target)
        if absolute is None or not is_authority(absolute[1]):
            raise ProtocolError("target malformed")
        self.authority = absolute[1]
        path = absolute[2]
        self.target = path if path.startswith(b"/") else b"/" + path
        if path == b"" and self.method == b"OPTIONS":
            self.target = b"*"  # RFC 9112 3.2.4

    def _take_connection(self, connection: bytes, upgrade: bytes) -> None:
        tokens = connection_tokens(connection)
        if b"close" in tokens:
            self.keep_alive = False
        elif self.minor == 0:
            self.keep_alive = b"keep-alive" in tokens
        if b"upgrade" in tokens:
            self.upgrade = upgrade.lower()
        self._lines = without_named(self._lines, tokens)

    def _take_expectation(self, expect: bytes) -> None:
        if self.minor == 0:  # RFC 9110 10.1.1: ignored in HTTP/1.0
            return
        if any(each.strip(b" \t") not in {b"100-continue", b""} for each in expect.lower().split(b",")):
            raise ProtocolError("Expect must be 100-continue", 417)
        self.expects_continue = self.length != 0
        if self.expects_continue:
            self._lines.append(b"expect: 100-continue\r\n")

    def _take_max_forwards(self, hops: bytes) -> None:
        if self.method == b"OPTIONS" and DIGITS.fullmatch(hops):  # optional for other methods (RFC 9110 7.6.2)
            self.last_hop = int(hops) == 0
            hops = b"%d" % max(0, int(hops) - 1)
        self._lines.append(b"max-forwards: %b\r\n" % hops)


def read_request(head: bytes, limits: DataPlaneLimits, table: FieldTable = ENVOY_FIELDS) -> RequestHead:
    """Validate a complete head, which includes its empty line. `table` says which fields are extracted and which are
    dropped.

    Raises:
        ProtocolError: if it is invalid, with the status for the client.
    """
    assert head.endswith(b"\r\n\r\n"), "a head is read when its empty line has come"
    start, *lines = head[:-4].split(b"\r\n")  # split at CR LF only: another CR or LF makes its line invalid
    match = REQUEST_LINE.fullmatch(start)
    if match is None:
        raise _complaint(head[: head.find(b"\n") + 1], limits)
    if len(start) + 2 > limits.request_line_bytes_max:
        raise ProtocolError("request line too long", 414)
    # checked before the lines are, so that a head takes no more space in the table's cache
    if len(lines) > limits.head_fields_max:
        raise ProtocolError("too many fields", 431)
    method, target, minor = match.groups()
    request = RequestHead(method, target, 1 if minor == b"1" else 0)
    request._judge(table.sort(lines, request._lines))  # noqa: SLF001 its own constructor
    return request


def check_beginning(start: bytes, seen: int, limits: DataPlaneLimits) -> None:
    """Reject an unfinished head as soon as it cannot become valid. The first `seen` bytes were checked before.

    Raises:
        ProtocolError: the same as from `read_request` for the complete head, or 414 or 431 if too much was received.
    """
    line_end = start.find(b"\n") + 1
    if line_end == 0:
        if len(start) > limits.request_line_bytes_max:
            raise ProtocolError("request line too long", 414)
        if TOKEN.match(start) is None:
            raise ProtocolError("request line malformed")
        return
    if line_end > limits.request_line_bytes_max:
        raise ProtocolError("request line too long", 414)
    if line_end > seen and ENDED_REQUEST_LINE.fullmatch(start, 0, line_end) is None:
        raise _complaint(start[:line_end], limits)
    if BARE_LF.search(start, max(0, seen - 1)):
        raise ProtocolError("line end must be CRLF")
    if len(start) > limits.head_bytes_max:
        raise ProtocolError("head too large", 431)


def is_authority(value: bytes) -> bool:
    """Return True if `value` is a valid host with an optional port."""
    match = AUTHORITY.fullmatch(value)
    if match is None:
        return False
    literal, port = match[2], (match[3] or b"").lstrip(b"0")
    if literal is not None and IP_FUTURE.fullmatch(literal) is None and not _is_address(literal.decode()):
        return False
    return len(port) <= _PORT_DIGITS and int(port or b"0") <= _PORT_MAX


def _is_address(literal: str) -> bool:
    try:
        return IPv6Address(literal).scope_id is None
    except AddressValueError:
        return False


def _judge_host(host: bytes) -> bytes:
    """Return the host if it is valid, and cache it."""
    if not is_authority(host):
        raise ProtocolError("Host malformed")
    return _HOSTS.remember(host, host)


def _complaint(line: bytes, limits: DataPlaneLimits) -> ProtocolError:
    """Return the error for a first line, with its line end, that is not a request line."""
    if len(line) > limits.request_line_bytes_max:
        return ProtocolError("request line too long", 414)
    if OTHER_VERSION.fullmatch(line) is not None:
        return ProtocolError("HTTP version must be 1.0 or 1.1", 505)
    return ProtocolError("request line malformed")
