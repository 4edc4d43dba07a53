"""Answer heads: read strictly from an instance, written on towards a client."""

from __future__ import annotations

from typing import Final

from simulator.wire.fault import ProtocolError
from simulator.wire.fields import connection_tokens, sort_fields, without_named
from simulator.wire.framing import answer_length
from simulator.wire.grammar import ANSWER_HEAD, DIGITS, controls_are_line_ends

_JUDGED: Final = (b"connection", b"content-length", b"transfer-encoding", b"date", b"server", b"upgrade")
_DROPPED: Final = (
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"x-envoy-upstream-service-time",  # ours
)
_SPECIAL: Final[dict[bytes, bytes]] = {**dict.fromkeys(_DROPPED, b""), **{name: name for name in _JUDGED}}


class AnswerHead:
    """A judged answer head. `length` is the body's, as framing.py says it, if the request was not HEAD.

    `declared` is the Content-Length line to pass on where no body follows (HEAD, 304), empty if there was none.
    `dated`: the application sent a Date. `server`: what it calls itself, empty if it does not. `upgrades`: it agrees to
    a WebSocket (status 101).
    """

    __slots__ = ("_lines", "dated", "declared", "keep_alive", "length", "reason", "server", "status", "upgrades")

    def __init__(self, status: int, reason: bytes) -> None:
        self.status = status
        self.reason = reason
        self.length = 0
        self.declared = b""
        self.keep_alive = True
        self.dated = False
        self.server = b""
        self.upgrades = False
        self._lines: list[bytes] = []  # end-to-end fields as they came

    def forward(self, added: bytes, body: bytes = b"") -> bytes:
        """The head as a client gets it, with `added`: whole field lines of the balancer, framing among them.

        `body` is what can go out together with it.
        """
        start = b"HTTP/1.1 %d %b\r\n" % (self.status, self.reason)
        return b"".join((start, *self._lines, added, b"\r\n", body))

    def _judge(self, minor: int, findings: dict[bytes, bytes]) -> None:
        get = findings.get
        size = get(b"content-length")
        self.length = answer_length(self.status, minor, get(b"transfer-encoding"), size)
        if size is not None and DIGITS.fullmatch(size) and self.status >= 200 and self.status != 204:
            self.declared = b"content-length: %b\r\n" % size
        date = get(b"date")
        if date is not None:
            self.dated = True
            self._lines.append(b"date: %b\r\n" % date)
        self.server = get(b"server", b"")
        connection = get(b"connection")
        if connection is not None or minor == 0:
            tokens = connection_tokens(connection or b"")
            self.keep_alive = b"close" not in tokens and (minor == 1 or b"keep-alive" in tokens)
            self.upgrades = b"upgrade" in tokens and get(b"upgrade", b"").lower() == b"websocket"
            self._lines = without_named(self._lines, tokens)


def read_answer(head: bytes) -> AnswerHead:
    """Judge a whole head, its empty line included.

    Raises:
        ProtocolError: 502.
    """
    match = ANSWER_HEAD.fullmatch(head)
    if match is None or not controls_are_line_ends(head):
        raise ProtocolError("answer head malformed", 502)
    minor, status, reason, block = match.groups()
    answer = AnswerHead(int(status), reason or b"")
    findings, _ = sort_fields(block, _SPECIAL, answer._lines)  # noqa: SLF001 its own constructor
    answer._judge(1 if minor == b"1" else 0, findings)  # noqa: SLF001
    return answer
