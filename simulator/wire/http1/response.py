"""Response heads: read from an instance, and forwarded to a client.

Their sender is the user's own application, so everything that App Runner's Envoy accepts is accepted here: LF instead
of CR LF, folded lines, status lines with more white space or another version (http-proxy.md 121, 132, 133). What is
forwarded is strict. What could split a response into two is rejected (136): CR alone, NUL and other control characters,
names that are not tokens.
"""

from __future__ import annotations

from typing import Final

from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.fields import BoundedCache, FieldTable, connection_tokens, without_named
from simulator.wire.http1.framing import response_length
from simulator.wire.http1.grammar import ANSWER_HEAD_END, DIGITS, OBS_FOLD, STATUS_LINE, TOKEN, has_controls

_JUDGED: Final = (b"connection", b"content-length", b"transfer-encoding", b"date", b"server", b"upgrade")
_DROPPED: Final = (
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"x-envoy-upstream-service-time",  # set by the balancer
)
RESPONSE_FIELDS: Final = FieldTable({**dict.fromkeys(_DROPPED, b""), **{name: name for name in _JUDGED}}, status=502)

FIELDS_MAX: Final = DataPlaneLimits().answer_fields_max
_VERSION: Final = b"HTTP/"

# Values of Connection in nearly every HTTP/1.1 response: none, or one without effect.
_STAYS: Final = frozenset({None, b"keep-alive", b"Keep-Alive"})
# Parts of status lines: minor version, status, reason. 60 statuses have a name, each in a few spellings.
_STATUS_LINES: Final[BoundedCache[tuple[int, int, bytes]]] = BoundedCache(512)


class ResponseHead:
    """A valid response head. `length` is that of the body, as in framing.py, if the request was not HEAD.

    `dated` is True if the application sent a Date. `server` is its Server field, empty if there is none. `upgrades` is
    True if it accepts a WebSocket (status 101).
    """

    __slots__ = ("_lines", "_size", "dated", "keep_alive", "length", "reason", "server", "status", "upgrades")

    def __init__(self, status: int, reason: bytes) -> None:
        self.status = status
        self.reason = reason
        self.length = 0
        self.keep_alive = True
        self.dated = False
        self.server = b""
        self.upgrades = False
        self._lines: list[bytes] = []  # end-to-end fields as received
        self._size: bytes | None = None  # Content-Length as received

    @property
    def declared(self) -> bytes:
        """The Content-Length line to forward if no body follows (HEAD, 304); empty if there is none to forward."""
        size = self._size
        if size is None or self.status < 200 or self.status == 204 or DIGITS.fullmatch(size) is None:
            return b""
        return b"content-length: %b\r\n" % size

    def forward(self, added: bytes, body: bytes = b"") -> bytes:
        """Return the head for a client. `added` has complete lines of the balancer's fields, including the framing.

        `body` is the part of the body that is sent together with the head.
        """
        start = b"HTTP/1.1 %d %b\r\n" % (self.status, self.reason)
        return b"".join((start, *self._lines, added, b"\r\n", body))

    def _judge(self, minor: int, findings: dict[bytes, bytes]) -> None:
        get = findings.get
        self._size = size = get(b"content-length")
        coding = get(b"transfer-encoding")
        self.length = response_length(self.status, coding, size)
        date = get(b"date")
        if date is not None:
            self.dated = True
            self._lines.append(b"date: %b\r\n" % date)
        self.server = get(b"server", b"")
        connection = get(b"connection")
        if minor == 1 and connection in _STAYS:
            return
        tokens = connection_tokens(connection or b"")
        # RFC 9112 6.1: after a coding in HTTP/1.0 the framing of the connection is unknown.
        self.keep_alive = b"close" not in tokens and (minor == 1 or (b"keep-alive" in tokens and coding is None))
        self.upgrades = b"upgrade" in tokens and get(b"upgrade", b"").lower() == b"websocket"
        self._lines = without_named(self._lines, tokens)


def read_response(head: bytes, table: FieldTable = RESPONSE_FIELDS, fields_max: int = FIELDS_MAX) -> ResponseHead:
    """Validate a complete head with CR LF line ends, which includes its empty line. Folded lines are rejected.

    `table` says which fields are extracted and which are dropped.

    Raises:
        ProtocolError: 502.
    """
    assert head.endswith(b"\r\n\r\n"), "a head is read when its empty line has come"
    start, *lines = head[:-4].split(b"\r\n")
    return _read(start, lines, table, fields_max)


def find_response(data: bytes, limits: DataPlaneLimits, seen: int = 0) -> tuple[ResponseHead, int] | None:
    """Return the head at the start of `data` and the position of its end; None if it is incomplete.

    The first `seen` bytes have been searched before and contain no end of a head.

    Raises:
        ProtocolError: 502, as soon as the received bytes cannot become a valid head.
    """
    end = data.find(b"\r\n\r\n", max(0, seen - 3)) + 4
    if end >= 4:
        start, *lines = data[: end - 4].split(b"\r\n")
        if end <= limits.answer_head_bytes_max:
            try:
                return _read(start, lines, RESPONSE_FIELDS, limits.answer_fields_max), end
            except ProtocolError:
                pass  # not strictly valid: it may contain an LF or a folded line
    elif b"\n" not in data and len(data) <= limits.answer_head_bytes_max:
        _check_start(data)
        return None
    return _find_lenient(data, limits, seen)


def _find_lenient(data: bytes, limits: DataPlaneLimits, seen: int) -> tuple[ResponseHead, int] | None:
    match = ANSWER_HEAD_END.search(data, max(0, seen - 2))
    end = match.end() if match is not None else len(data)
    if end > limits.answer_head_bytes_max:
        raise ProtocolError("response head too large", 502)
    if match is None:
        _check_lines(data, seen)
        return None
    start, _, rest = data[: match.start()].removesuffix(b"\r").replace(b"\r\n", b"\n").partition(b"\n")
    if rest.startswith((b" ", b"\t")):
        raise ProtocolError("white space before the first field", 502)
    lines = OBS_FOLD.sub(b" ", rest).split(b"\n") if rest else []
    return _read(start, lines, RESPONSE_FIELDS, limits.answer_fields_max), end


def _read(start: bytes, lines: list[bytes], table: FieldTable, fields_max: int) -> ResponseHead:
    minor, status, reason = _STATUS_LINES.get(start) or _judge_status_line(start)
    if len(lines) > fields_max:
        raise ProtocolError("too many fields in the response", 502)
    answer = ResponseHead(status, reason)
    answer._judge(minor, table.sort(lines, answer._lines))  # noqa: SLF001 its own constructor
    return answer


def _judge_status_line(line: bytes) -> tuple[int, int, bytes]:
    """Return the parts of a valid status line, and cache them. `minor` is 0 for HTTP/1.0, otherwise 1."""
    match = STATUS_LINE.fullmatch(line)
    if match is None:
        raise ProtocolError("status line malformed", 502)
    version, status, reason = match.groups()
    return _STATUS_LINES.remember(line, (int(version != b"1.0"), int(status), reason or b""))


def _check_start(data: bytes) -> None:
    """Reject an unfinished first line that cannot become a status line."""
    if not data.startswith(_VERSION[: len(data)]) or has_controls(data.removesuffix(b"\r")):
        raise ProtocolError("not a response head", 502)


def _check_lines(data: bytes, seen: int) -> None:
    """Reject an unfinished head if a line that ends after `seen` is invalid.

    Without this check the balancer would wait for an application that keeps its connection open.
    """
    at = data.rfind(b"\n", 0, seen) + 1
    *ended, last = data[at:].replace(b"\r\n", b"\n").split(b"\n")
    if at == 0:
        _judge_status_line(ended.pop(0))
    for line in ended:
        name, colon, value = line.partition(b":")
        if line.startswith((b" ", b"\t")):
            value = line
        elif not colon or TOKEN.fullmatch(name) is None:
            raise ProtocolError("field malformed", 502)
        if has_controls(value):
            raise ProtocolError("field malformed", 502)
    if has_controls(last.removesuffix(b"\r")):
        raise ProtocolError("field malformed", 502)
