"""A request of a client connection on its way through a pool to an instance, and its answer on the way back.

Three sides call it: the connection (body pieces, buffer levels, client gone), the pool (`begin`, `fail`) and the
connection to the instance (wire/upstream.py `Caller`). A simulated instance calls `answered` instead. It ends exactly
once: with the last byte of the answer, with a refusal, or with a cut connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.edge.door import Lane
from simulator.edge.synthetic import Synthetic
from simulator.fleet.http_backend import HttpExchange
from simulator.fleet.instance import Instance
from simulator.model.refusal import Refusal
from simulator.wire.answers import CONTINUE, connection_line, refused
from simulator.wire.body import chunk
from simulator.wire.framing import CHUNKED
from simulator.wire.request import IDEMPOTENT, RequestHead
from simulator.wire.response import AnswerHead
from simulator.wire.upstream import UpstreamConnection

if TYPE_CHECKING:
    from simulator.edge.connection import ClientConnection

_CHUNKED_LINE: Final = b"transfer-encoding: chunked\r\n"


class LiveExchange(HttpExchange):
    """`request_done`: the body has been read from the client in full. `answering`: the answer's head has gone out."""

    __slots__ = (
        "_chunked_out",
        "_close",
        "_connection",
        "_early",
        "_head_only",
        "_lane",
        "_synthetic",
        "_tried",
        "_unkept",
        "answering",
        "expects_continue",
        "request",
        "request_done",
        "sink",
        "upstream_full",
    )

    def __init__(
        self, connection: ClientConnection, lane: Lane, request: RequestHead, early: bytes, *, done: bool
    ) -> None:
        """`early` is what of the body came together with the head."""
        super().__init__(connection.door.now_s())
        self._connection = connection
        self._lane = lane
        self._head_only = request.method == b"HEAD"
        self._early = early  # body read and not sent; kept after the first write only while a repeat may need it
        self._unkept = False  # bytes of the body have gone out that are not kept
        self._chunked_out = False
        self._close = False
        self._synthetic: Synthetic | None = None
        self._tried: tuple[Instance, ...] = ()  # those that could not be reached
        self.request = request
        self.request_done = done
        self.expects_continue = request.expects_continue
        self.answering = False
        self.sink = False  # the body is wanted by nobody
        self.upstream_full = False

    # --- the connection's side ---------------------------------------------------------------------------------------

    def body_arrived(self, piece: bytes, *, last: bool) -> None:
        """The next bytes of the request's body."""
        self.request_done = last
        self.expects_continue = False
        link = self.link
        if link is not None and link.is_connected:
            self._unkept = True
            link.write(self._framed(piece, last=last), last=last)
        elif self.sink:
            if last and self._synthetic is not None:
                self._synthesise()
        else:
            self._early += piece

    @property
    def body_blocked(self) -> bool:
        """The client's body should be read no further for now."""
        return self.upstream_full or len(self._early) > self._connection.door.limits.read_ahead_bytes

    def client_full(self) -> None:
        if self.link is not None:
            self.link.pause()

    def client_drained(self) -> None:
        if self._synthetic is not None and self.answering:
            self._pump()
        elif self.link is not None:
            self.link.resume()

    def give_up(self) -> None:
        """The client is gone, or nobody can make sense of what it sends."""
        self._lane.abandon(self)
        self._unlink()

    # --- the pool's side ---------------------------------------------------------------------------------------------

    def begin(self) -> None:
        instance = self.instance
        super().begin()
        # Neither at work for it nor over, nor moved on to another instance: a simulated one, which takes no bytes.
        if self.link is None and self.open and not self.answering and self.instance is instance:
            self._swallow_body()

    def answered(self, status: int) -> None:
        self._synthetic = Synthetic(status, self.request)
        if self.request_done:
            self._synthesise()
        else:
            self._swallow_body()

    def fail(self, refusal: Refusal) -> None:
        self._unlink()
        self._refuse(refusal)

    # --- the instance's side (wire/upstream.py Caller) ---------------------------------------------------------------

    @property
    def head_only(self) -> bool:
        return self._head_only

    def connected(self, link: UpstreamConnection) -> None:
        connection, request = self._connection, self.request
        head = request.forward(connection.peer, connection.door.request_lines(connection.scheme))
        early = self._framed(self._early, last=self.request_done) if request.length else b""
        link.write(head + early if early else head, last=self.request_done)
        if not self.request_done:
            self._unkept = self._early != b""
            self._early = b""
            connection.regulate()
        if connection.is_full:
            link.pause()

    def informed(self, head: AnswerHead) -> None:
        if head.status == 100:
            if not self.expects_continue:  # answered by the balancer already, or the body is on its way
                return
            self._continued()
        if self.request.minor == 1:  # HTTP/1.0 knows no 1xx (RFC 9110 15.2)
            self._connection.write(head.forward(b""))

    def answer_began(self, head: AnswerHead, piece: bytes, *, complete: bool) -> None:
        framing = self._answer_framing(head)
        added = b"".join(
            (
                framing,
                connection_line(self.request.minor, close=self._close),
                self._timing_lines(),
                self._connection.door.passed_lines(dated=head.dated),
            )
        )
        self.answering = True
        body = chunk(piece, last=complete) if self._chunked_out else piece
        self._connection.write(head.forward(added) + body)
        if complete:
            self._end()

    def answer_continued(self, piece: bytes, *, complete: bool) -> None:
        self._connection.write(chunk(piece, last=complete) if self._chunked_out else piece)
        if complete:
            self._end()

    def broken(self, refusal: Refusal) -> None:
        self.link = None
        if not self.open or (refusal.unsent and self._tried_another()):
            return
        self._lane.broke(self)
        self._refuse(refusal)

    def may_repeat(self) -> bool:
        return self.open and not self._unkept and self.request.method in IDEMPOTENT

    def upload_full(self) -> None:
        self.upstream_full = True
        self._connection.regulate()

    def upload_drained(self) -> None:
        self.upstream_full = False
        self._connection.regulate()

    # -----------------------------------------------------------------------------------------------------------------

    def say_continue(self) -> None:
        """The balancer's own 100: the application is silent, or there is none."""
        self._continued()
        self._connection.write(CONTINUE)

    def _continued(self) -> None:
        self.expects_continue = False
        self._connection.await_body()

    def _tried_another(self) -> bool:
        """No instance has got a byte of it yet: it may go to any that has not been tried."""
        assert self.instance is not None, "a request breaks on an instance"
        self._tried = (*self._tried, self.instance)
        if len(self._tried) >= self._connection.door.limits.attempts_max:
            return False
        return self._lane.redispatch(self, self._tried)

    def _framed(self, piece: bytes, *, last: bool) -> bytes:
        return chunk(piece, last=last) if self.request.length == CHUNKED else piece

    def _answer_framing(self, head: AnswerHead) -> bytes:
        """The framing line towards the client; decides whether the connection can stay open."""
        request = self.request
        self._close = not request.keep_alive or not self.request_done or self._connection.draining
        if self._head_only or head.status in {204, 304}:
            return head.declared
        if head.length >= 0:
            return b"content-length: %d\r\n" % head.length
        if request.minor == 1:
            self._chunked_out = True
            return _CHUNKED_LINE
        self._close = True  # HTTP/1.0: the end of the connection is the end of the body
        return b""

    def _timing_lines(self) -> bytes:
        door = self._connection.door
        now_s = door.now_s()
        service_ms = self.service_s(now_s) * 1000
        line = b"x-envoy-upstream-service-time: %d\r\n" % service_ms
        if not door.server_timing or self.instance is None:
            return line
        return line + b'server-timing: queue;dur=%.3f, cold;dur=%.3f, service;dur=%.3f, instance;desc="%d"\r\n' % (
            self.queue_s(now_s) * 1000,
            self.cold_s * 1000,
            service_ms,
            self.instance.number,
        )

    def _swallow_body(self) -> None:
        """Read the body and forget it, as an application would that needs none."""
        self._early = b""
        self.sink = True
        if self.expects_continue:
            self.say_continue()
        self._connection.regulate()

    def _synthesise(self) -> None:
        assert self._synthetic is not None
        connection = self._connection
        self._close = not self.request.keep_alive or connection.draining
        added = b"".join(
            (
                connection_line(self.request.minor, close=self._close),
                self._timing_lines(),
                connection.door.own_lines(),
            )
        )
        self.answering = True
        connection.write(self._synthetic.head(added))
        self._pump()

    def _pump(self) -> None:
        """Write as much of a synthesised body as the client takes."""
        synthetic = self._synthetic
        assert synthetic is not None
        while synthetic.left and not self._connection.is_full:
            self._connection.write(synthetic.piece())
        if not synthetic.left:
            self._end()

    def _refuse(self, refusal: Refusal) -> None:
        connection = self._connection
        if self.answering:
            connection.reset()
            return
        close = not self.request.keep_alive or not self.request_done or connection.draining
        answer = refused(refusal).render(
            self.request.minor, connection.door.own_lines(), head_only=self._head_only, close=close
        )
        connection.write(answer)
        connection.ended(close=close)

    def _end(self) -> None:
        """The answer's last byte is with the connection. The slot first: the next request may need it."""
        if self.open:
            self._lane.finish(self)
        self._connection.ended(close=self._close)

    def _unlink(self) -> None:
        if self.link is not None:
            self.link.drop()
