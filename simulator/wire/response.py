"""Answer heads: read strictly from an instance, written on towards a client."""

from __future__ import annotations

from typing import Final

from simulator.wire.fault import ProtocolError
from simulator.wire.fields import FieldTable, Memory, connection_tokens, without_named
from simulator.wire.framing import answer_length
from simulator.wire.grammar import DIGITS, STATUS_LINE

_JUDGED: Final = (b"connection", b"content-length", b"transfer-encoding", b"date", b"server", b"upgrade")
_DROPPED: Final = (
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"x-envoy-upstream-service-time",  # ours
)
ANSWER_FIELDS: Final = FieldTable({**dict.fromkeys(_DROPPED, b""), **{name: name for name in _JUDGED}}, status=502)

# Connection as nearly every HTTP/1.1 answer has it: none, or what changes nothing.
_STAYS: Final = frozenset({None, b"keep-alive", b"Keep-Alive"})
# (minor version, status, reason) of status lines: 60 statuses have a name, in a few spellings each.
_STATUS_LINES: Final[Memory[tuple[int, int, bytes]]] = Memory(512)


class AnswerHead:
    """A judged answer head. `length` is the body's, as framing.py says it, if the request was not HEAD.

    `dated`: the application sent a Date. `server`: what it calls itself, empty if it does not. `upgrades`: it agrees to
    a WebSocket (status 101).
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
        self._lines: list[bytes] = []  # end-to-end fields as they came
        self._size: bytes | None = None  # Content-Length as it came

    @property
    def declared(self) -> bytes:
        """The Content-Length line to pass on where no body follows (HEAD, 304), empty if there is none to pass on."""
        size = self._size
        if size is None or self.status < 200 or self.status == 204 or DIGITS.fullmatch(size) is None:
            return b""
        return b"content-length: %b\r\n" % size

    def forward(self, added: bytes, body: bytes = b"") -> bytes:
        """The head as a client gets it, with `added`: whole field lines of the balancer, framing among them.

        `body` is what can go out together with it.
        """
        start = b"HTTP/1.1 %d %b\r\n" % (self.status, self.reason)
        return b"".join((start, *self._lines, added, b"\r\n", body))

    def _judge(self, minor: int, findings: dict[bytes, bytes]) -> None:
        get = findings.get
        self._size = size = get(b"content-length")
        self.length = answer_length(self.status, minor, get(b"transfer-encoding"), size)
        date = get(b"date")
        if date is not None:
            self.dated = True
            self._lines.append(b"date: %b\r\n" % date)
        self.server = get(b"server", b"")
        connection = get(b"connection")
        if minor == 1 and connection in _STAYS:
            return
        tokens = connection_tokens(connection or b"")
        self.keep_alive = b"close" not in tokens and (minor == 1 or b"keep-alive" in tokens)
        self.upgrades = b"upgrade" in tokens and get(b"upgrade", b"").lower() == b"websocket"
        self._lines = without_named(self._lines, tokens)


def read_answer(head: bytes, table: FieldTable = ANSWER_FIELDS) -> AnswerHead:
    """Judge a whole head, its empty line included. `table` says which fields are judged, and which are dropped.

    Raises:
        ProtocolError: 502.
    """
    assert head.endswith(b"\r\n\r\n"), "a head is read when its empty line has come"
    start, *lines = head[:-4].split(b"\r\n")
    minor, status, reason = _STATUS_LINES.get(start) or _judge_status_line(start)
    answer = AnswerHead(status, reason)
    answer._judge(minor, table.sort(lines, answer._lines))  # noqa: SLF001 its own constructor
    return answer


def _judge_status_line(line: bytes) -> tuple[int, int, bytes]:
    """Its parts, if it is good; then they are remembered."""
    match = STATUS_LINE.fullmatch(line)
    if match is None:
        raise ProtocolError("status line malformed", 502)
    minor, status, reason = match.groups()
    return _STATUS_LINES.remember(line, (int(minor), int(status), reason or b""))
