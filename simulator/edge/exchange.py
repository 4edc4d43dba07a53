"""A client's request on its way through a pool to an instance, and the response on its way back.

Three sides call it: the connection (body pieces, buffer levels, disconnect of the client), the pool (`begin`, `fail`)
and the connection to the instance (wire/upstream.py `Caller`). A simulated instance calls `answered` instead. An
exchange ends exactly once: with the last byte of the response, with a rejection, or with an aborted connection.

A WebSocket, if allowed, is a request whose body begins after the response's head, and a response whose body has no
length: each side ends separately. It occupies its slot and has the time limit of requests (R#104: App Runner also
aborts streams that are still sending).
"""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from simulator.edge.access_log_entry import CLIENT_GONE
from simulator.edge.inspection import awaits_client, hold_for_body, insert_fields, path_of, rule_line, web_request_of
from simulator.edge.ports import ExchangeConnection, Upstream
from simulator.edge.synthetic import SyntheticResponse, expected_bytes
from simulator.fleet.http.exchange import HttpExchange
from simulator.fleet.instance import Instance
from simulator.model import exchange_state as states
from simulator.model.exchange_state import ConnectionState, RequestState, ResponseState, UploadState
from simulator.model.rejection import WIRE_TRUNCATED, Rejection
from simulator.model.times import NOT_YET
from simulator.wire.http1.body import chunk
from simulator.wire.http1.framing import CHUNKED
from simulator.wire.http1.local_replies import CONTINUE, WEBSOCKET, connection_line, rejected
from simulator.wire.http1.request import IDEMPOTENT, RequestHead
from simulator.wire.http1.response import ResponseHead
from simulator.wire.upstream import UpstreamConnection

_CHUNKED_LINE: Final = b"transfer-encoding: chunked\r\n"

# Module globals are faster than attributes of classes, and this code runs for every request.
_AWAITING_CONTINUE, _SENDING, _COMPLETE, _TUNNEL = RequestState
_KEPT, _STREAMED, _DISCARDED = UploadState
_PENDING, _ABORTED, _DRAINING = ResponseState.PENDING, ResponseState.ABORTED, ConnectionState.DRAINING


class LiveExchange(HttpExchange):
    """A live exchange. `request_state`, `upload_state`, `response_state` are those of its sides (exchange_state.py)."""

    __slots__ = (
        "_chunked_out",
        "_close",
        "_head_only",
        "_synthetic",
        "added",
        "answered_s",
        "connection",
        "early",
        "received_bytes",
        "request",
        "request_state",
        "response_state",
        "sent_bytes",
        "tried",
        "upload_state",
        "upstream",
        "upstream_full",
    )
    body_bytes = property(expected_bytes)
    path, awaits_client = property(path_of), property(awaits_client)
    head_only, tunnels = property(attrgetter("_head_only")), property(attrgetter("request.tunnel"))
    web_request, hold, insert = web_request_of, hold_for_body, insert_fields

    def __init__(
        self, connection: ExchangeConnection, upstream: Upstream, request: RequestHead, early: bytes, *, done: bool
    ) -> None:
        """Create the exchange. `early` is the part of the body that arrived together with the head."""
        # Not super().__init__, two levels up: this saves two calls per request.
        self.arrived_s = connection.handler.now_s()
        self.granted_s = self.begun_s = self.answered_s = NOT_YET
        self.cpu_s = self.io_s = -1.0
        self.cold_s = 0.0
        self.instance = self.link = self.fault = self.inspection = None
        self.open = True
        self.status, self.upstream_host = 0, ""
        self.connection, self.upstream = connection, upstream
        self._head_only = request.method == b"HEAD"
        self.added = b""  # header lines that the balancer adds for instances; the same for each instance that is tried
        self.received_bytes, self.sent_bytes = len(early), 0
        self.early = early  # unsent bytes of the body; after the first write kept only while a retry may need them
        self._chunked_out = self._close = self.upstream_full = False
        self._synthetic: SyntheticResponse | None = None
        self.tried: tuple[Instance, ...] = ()  # instances that could not be reached
        self.request, self.upload_state, self.response_state = request, _KEPT, _PENDING
        self.request_state = _COMPLETE if done else _AWAITING_CONTINUE if request.expects_continue else _SENDING

    # --- called by the connection ------------------------------------------------------------------------------------

    def body_arrived(self, piece: bytes, *, last: bool) -> None:
        """Receive the next bytes of the request's body."""
        self.request_state = (states.BODY_ENDED if last else states.BODY_ARRIVED)[self.request_state]
        self.received_bytes += len(piece)
        if self.upstream.limits_silence:
            self.upstream.progressed(self)
        link = self.link
        if link is not None and link.is_connected:
            self.upload_state = states.BODY_SENT[self.upload_state]
            link.write(self._framed(piece, last=last), last=last)
        elif self.upload_state is _DISCARDED:
            if last and self._synthetic is not None:
                self._synthesise()
        else:
            self.early += piece
            if self.inspection is not None:
                self.inspection.check()

    @property
    def body_blocked(self) -> bool:
        """True if the connection should not read more of the client's body for now."""
        return self.upstream_full or len(self.early) > self.connection.handler.limits.read_ahead_bytes

    def client_full(self) -> None:
        if self.link is not None:
            self.link.pause()

    def client_drained(self) -> None:
        if self._synthetic is not None and self.response_state is not _PENDING:
            self._pump()
        elif self.link is not None:
            self.link.resume()

    def give_up(self, status: int = 0, cause: str = CLIENT_GONE) -> None:
        """End because the client has disconnected or sent invalid data; `status` is the status to send to it."""
        self.upstream.abandon(self)
        if self.link is not None:
            self.link.drop()
        aborted, self.response_state = self.response_state, states.ABORTED[self.response_state]
        if aborted is not _ABORTED:  # otherwise it was logged before
            self._log(self.status or status, cause)

    def client_ended(self) -> bool:
        """Handle the end of the client's side. Return True if the application may continue, as in a tunnel."""
        link = self.link
        if self.request_state is not _TUNNEL or link is None:
            return False
        self.request_state = states.BODY_ENDED[_TUNNEL]
        if self.response_state is ResponseState.HALF_CLOSED:  # the application's side ended first
            link.finish()
            self._end()
        else:
            link.write_eof()
        return True

    # --- called by the pool ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        instance = self.instance
        assert instance is not None
        instance.backend.begin(self)
        # No link, not answered, and still on the same instance: it is simulated, and does not read the body.
        if self.link is None and self.open and self.response_state is _PENDING and self.instance is instance:
            self._swallow_body()

    def answered(self, status: int) -> None:
        self._synthetic = SyntheticResponse(status, self.request)
        (self._synthesise if self.request_state is _COMPLETE else self._swallow_body)()

    def fail(self, rejection: Rejection) -> None:
        if self.link is not None:
            self.link.drop()
        self._reject(rejection)

    # --- called by the connection to the instance (wire/upstream.py Caller) ------------------------------------------

    def connected(self, link: UpstreamConnection) -> None:
        connection, request = self.connection, self.request
        added = self.added = self.added or connection.handler.request_lines(self, connection)
        head = request.forward(connection.peer, added)
        complete = self.request_state is _COMPLETE
        early = self._framed(self.early, last=complete) if request.length else b""
        link.write(head + early if early else head, last=complete)
        if not complete:
            if self.early:
                self.upload_state = states.BODY_SENT[self.upload_state]
                self.early = b""
            connection.regulate()
            if self.request_state is _AWAITING_CONTINUE:
                connection.await_body()  # from now on the application has a limited time to reject the request
        if connection.is_full:
            link.pause()

    def informational_response(self, head: ResponseHead) -> None:
        if head.status == 100:
            if self.request_state is not _AWAITING_CONTINUE:  # the client has a 100 already, or sends the body unasked
                return
            self._continued()
        if self.request.minor == 1:  # HTTP/1.0 has no 1xx responses (RFC 9110 15.2)
            self.connection.write(head.forward(b""))

    def response_started(self, head: ResponseHead, piece: bytes, *, complete: bool) -> None:
        connection = self.connection
        handler = connection.handler
        now_s = self.answered_s = handler.now_s()
        added = self._hop_lines(head) + handler.answer_lines(head, self, now_s)
        upgraded = head.status == 101
        self.response_state = (states.RESPONSE_UPGRADED if upgraded else states.HEAD_SENT)[self.response_state]
        self.status, self.sent_bytes = head.status, len(piece)
        if self.upstream.limits_silence:
            self.upstream.progressed(self)
        if self._chunked_out:
            piece = chunk(piece, last=complete)
        connection.write(head.forward(added, piece))
        if upgraded:
            self.request_state = states.REQUEST_UPGRADED[self.request_state]
            connection.open_tunnel()
        elif complete:
            self._end()

    def response_continued(self, piece: bytes, *, complete: bool) -> None:
        self.sent_bytes += len(piece)
        if self.upstream.limits_silence:
            self.upstream.progressed(self)
        self.connection.write(chunk(piece, last=complete) if self._chunked_out else piece)
        if complete:
            self._end()

    def broken(self, rejection: Rejection) -> None:
        self.link = None
        if not self.open or (rejection.unsent and self._tried_another()):
            return
        rejection = self.upstream.answer(rejection)
        self.status = self.status or rejection.status  # metrics count what the client receives
        (self.upstream.broke if rejection.blames else self.upstream.balancer_failed)(self)
        self._reject(rejection)

    def application_ended(self) -> bool:
        if self.request_state is not _TUNNEL or not self.connection.end_writing():
            return False
        self.response_state = states.APPLICATION_ENDED[self.response_state]
        return True

    def may_repeat(self) -> bool:
        return self.open and self.upload_state is not _STREAMED and self.request.method in IDEMPOTENT

    def is_safe_to_lose(self) -> bool:
        return self.request_state is _COMPLETE and self.request.method in IDEMPOTENT

    def upload_full(self) -> None:
        self.upstream_full = True
        self.connection.regulate()

    def upload_drained(self) -> None:
        self.upstream_full = False
        self.connection.regulate()

    def say_continue(self) -> None:
        """Send 100 Continue for the application, which does not send one, or is simulated."""
        self._continued()
        self.connection.write(CONTINUE)

    def _continued(self) -> None:
        self.request_state = states.CONTINUED[self.request_state]
        self.connection.await_body()

    def _tried_another(self) -> bool:
        """Try another instance: no instance has received a byte of the request, so any untried one is allowed."""
        assert self.instance is not None, "a request breaks on an instance"
        self.tried = (*self.tried, self.instance)
        if len(self.tried) >= self.connection.handler.limits.attempts_max:
            return False
        return self.upstream.redispatch(self, self.tried)

    def _framed(self, piece: bytes, *, last: bool) -> bytes:
        return chunk(piece, last=last) if self.request.length == CHUNKED else piece

    def _hop_lines(self, head: ResponseHead) -> bytes:
        """Return framing and Connection towards the client, and decide whether the connection can stay open."""
        request = self.request
        if head.status == 101:
            self._close = True
            return WEBSOCKET
        self._close = not (request.keep_alive and self.request_state is _COMPLETE) or self.connection.state is _DRAINING
        framing = b""
        if self._head_only or head.status in {204, 304}:
            framing = head.declared
        elif head.length >= 0:
            framing = b"content-length: %d\r\n" % head.length
        elif request.minor == 1:
            self._chunked_out = True
            framing = _CHUNKED_LINE
        else:
            self._close = True  # HTTP/1.0: the end of the connection ends the body
        if request.minor and not self._close:
            return framing
        return framing + connection_line(request.minor, close=self._close)

    def _swallow_body(self) -> None:
        """Read and discard the body, like an application that does not need it."""
        self.early = b""
        self.upload_state = states.BODY_UNWANTED[self.upload_state]
        if self.request_state is _AWAITING_CONTINUE:
            self.say_continue()
        self.connection.regulate()

    def _synthesise(self) -> None:
        assert self._synthetic is not None
        connection = self.connection
        now_s = self.answered_s = connection.handler.now_s()
        self._close = not self.request.keep_alive or connection.state is _DRAINING
        added = connection_line(self.request.minor, close=self._close)
        added += connection.handler.answer_lines(None, self, now_s)
        self.response_state = states.HEAD_SENT[self.response_state]
        self.status = self._synthetic.status
        self.sent_bytes = self._synthetic.left
        connection.write(self._synthetic.head(added))
        self._pump()

    def _pump(self) -> None:
        """Write as much of a simulated response body as the client takes."""
        assert self._synthetic is not None
        if self._synthetic.pour(self.connection):
            self._end()

    def _reject(self, rejection: Rejection) -> None:
        connection = self.connection
        self._log(self.status or rejection.status, rejection.name)
        if self.response_state is not _PENDING or not rejection.status:
            self.response_state = states.ABORTED[self.response_state]
            if rejection is WIRE_TRUNCATED:
                connection.ended(close=True)
            else:
                connection.reset()
            return
        self.response_state = states.REJECTED[_PENDING]
        close = not self.request.keep_alive or self.request_state is not _COMPLETE or connection.state is _DRAINING
        added = connection.handler.own_lines() + rule_line(rejection.rule, connection.handler)
        answer = rejected(rejection).render(self.request.minor, added, head_only=self._head_only, close=close)
        connection.write(answer)
        connection.ended(close=close)

    def _end(self) -> None:
        """End the exchange after the last byte of the response. Release the slot first: the next one may need it."""
        self.response_state = states.RESPONSE_ENDED[self.response_state]
        if self.open:
            self.upstream.finish(self)
        self._log(self.status)
        self.connection.ended(close=self._close)

    def _log(self, status: int, cause: str = "") -> None:
        handler = self.connection.handler
        if handler.access_log is not None:
            handler.access_log.served(self, status, cause, handler.now_s())
