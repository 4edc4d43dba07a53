"""One connection to an instance on a fake transport: when a response is complete, and when the connection is kept."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.model.data_plane import DataPlaneLimits
from simulator.model.rejection import BAD_ANSWER, CONNECT_TIMEOUT, TERMINATED
from simulator.wire.upstream import Caller, UpstreamConnection
from tests.edge.front import FakeTransport
from tests.wire.callers import OK, REQUEST, RecordingCaller


class RecordingOwner:
    """Records the last calls by its connection: released, forgotten, or a request to be repeated."""

    limits = DataPlaneLimits()

    def __init__(self) -> None:
        self.released: list[UpstreamConnection] = []
        self.forgotten: list[UpstreamConnection] = []
        self.repeated: list[Caller] = []

    def release(self, link: UpstreamConnection) -> None:
        self.released.append(link)

    def forget(self, link: UpstreamConnection) -> None:
        self.forgotten.append(link)

    def repeat(self, caller: Caller) -> None:
        self.repeated.append(caller)


class Connected:
    """An open connection that serves `caller`."""

    def __init__(self, caller: RecordingCaller | None = None) -> None:
        self.owner = RecordingOwner()
        self.caller = caller or RecordingCaller()
        self.link = UpstreamConnection(self.owner, self.caller)
        self.transport: FakeTransport = FakeTransport(self.link, half_close=True)
        self.link.connection_made(self.transport)

    @property
    def is_kept(self) -> bool:
        return self.owner.released == [self.link] and not self.transport.closing

    def reuse(self, caller: RecordingCaller) -> None:
        """Serve another caller on the idle connection."""
        self.link.data_received(OK)
        assert self.is_kept
        self.transport.take()
        self.owner.released.clear()
        self.link.serve(caller)


def test_the_request_is_written_as_soon_as_the_connection_is_open() -> None:
    connected = Connected()
    assert connected.transport.take() == REQUEST
    assert connected.caller.link is connected.link


@pytest.mark.parametrize("cut", [0, 1, 20, len(OK) - 2, len(OK) - 1])
def test_a_response_in_any_pieces_is_complete_and_its_connection_is_kept(cut: int) -> None:
    connected = Connected()
    for piece in filter(None, (OK[:cut], OK[cut:])):
        connected.link.data_received(piece)
    started, *rest = connected.caller.calls[1:]
    assert started[0] == 200
    assert b"".join([started[1], *(piece for piece, _ in rest)]) == b"ok"
    assert [started, *rest][-1][-1] is True
    assert connected.is_kept
    assert connected.caller.link is None


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", [(200, b"", True)]),
        (b"HTTP/1.1 204 No Content\r\n\r\n", [(204, b"", True)]),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", [(200, b"ok", True)]),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK, [103, (200, b"ok", True)]),
    ],
)
def test_a_response_that_ends_by_its_own_framing_keeps_the_connection(answer: bytes, calls: list[object]) -> None:
    connected = Connected()
    connected.link.data_received(answer)
    assert connected.caller.calls[1:] == calls
    assert connected.is_kept


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"x",  # bytes after the end would become the next response
        b"HTTP/1.1 204 No Content\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
    ],
)
def test_a_connection_with_extra_bytes_or_that_closes_is_not_kept(answer: bytes) -> None:
    connected = Connected()
    connected.link.data_received(answer)
    assert connected.caller.calls[-1][-1] is True
    assert connected.owner.released == []
    assert connected.transport.aborted


def test_a_connection_is_not_kept_after_a_response_before_the_end_of_the_request() -> None:
    connected = Connected(RecordingCaller(complete=False))
    connected.link.data_received(OK)
    assert connected.caller.calls[-1] == (200, b"ok", True)
    assert connected.owner.released == []
    assert connected.transport.aborted


def test_the_response_to_a_head_request_has_no_body_whatever_it_declares() -> None:
    connected = Connected(RecordingCaller(head_only=True))
    connected.link.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n")
    assert connected.caller.calls[-1] == (200, b"", True)
    assert connected.is_kept


def test_a_connection_is_free_before_its_caller_is_notified_of_the_end() -> None:
    connected = Connected()
    following = RecordingCaller()
    connected.caller.on_end = lambda: connected.link.serve(following)
    connected.link.data_received(OK)
    assert following.calls == ["connected"]
    assert connected.link.reused


def test_bytes_without_a_request_end_the_connection() -> None:
    connected = Connected()
    connected.link.data_received(OK)
    connected.link.data_received(b"HTTP/1.1 200 OK\r\n")
    assert connected.transport.aborted
    assert connected.caller.calls == ["connected", (200, b"ok", True)]


@pytest.mark.parametrize(
    "answer",
    [b"SMTP ready\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"],
)
def test_a_response_that_is_not_http_is_rejected(answer: bytes) -> None:
    connected = Connected()
    connected.link.data_received(answer)
    assert connected.caller.calls == ["connected", BAD_ANSWER.name]
    assert connected.transport.aborted


# --- ends ----------------------------------------------------------------------------------------------------------


def test_a_body_without_a_length_ends_with_its_connection() -> None:
    connected = Connected()
    connected.link.data_received(b"HTTP/1.1 200 OK\r\n\r\nsome")
    connected.link.data_received(b" more")
    connected.link.eof_received()
    connected.link.connection_lost(None)
    assert connected.caller.calls[1:] == [(200, b"some", False), (b" more", False), (b"", True)]
    assert connected.owner.released == []


@pytest.mark.parametrize(
    ("received", "ending"),
    [
        (b"", TERMINATED.name),
        (b"HTTP/1.1 200 O", BAD_ANSWER.name),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhal", TERMINATED.name),
    ],
)
def test_a_connection_that_ends_too_early_breaks_its_request(received: bytes, ending: str) -> None:
    connected = Connected()
    if received:
        connected.link.data_received(received)
    connected.link.eof_received()
    connected.link.connection_lost(None)
    assert connected.caller.calls[-1] == ending
    assert connected.owner.forgotten == [connected.link]
    assert connected.owner.repeated == []


@pytest.mark.parametrize(
    ("repeats", "received", "is_repeated"), [(True, b"", True), (False, b"", False), (True, b"HTTP/1.1 2", False)]
)
def test_only_a_repeatable_request_on_a_reused_connection_without_a_byte_of_the_response_is_repeated(
    repeats: bool, received: bytes, is_repeated: bool
) -> None:
    connected = Connected()
    second = RecordingCaller(repeats=repeats)
    connected.reuse(second)
    if received:
        connected.link.data_received(received)
    connected.link.connection_lost(None)
    assert (connected.owner.repeated == [second]) is is_repeated
    assert (len(second.calls) == 1) is is_repeated  # it was not told that the connection broke


def test_a_dropped_caller_gets_no_further_call() -> None:
    connected = Connected()
    connected.link.drop()
    assert (connected.transport.aborted, connected.caller.link) == (True, None)
    connected.link.data_received(OK)
    connected.link.connection_lost(None)
    assert connected.caller.calls == ["connected"]


def test_a_connection_dropped_while_it_was_being_opened_is_aborted_when_it_opens() -> None:
    caller = RecordingCaller()
    link = UpstreamConnection(RecordingOwner(), caller)
    link.reject(CONNECT_TIMEOUT)
    transport = FakeTransport(link)
    link.connection_made(transport)
    assert transport.aborted
    assert caller.calls == [CONNECT_TIMEOUT.name]


# --- bytes that the loop has not read yet ---------------------------------------------------------------------------


class SocketTransport(FakeTransport):
    """A fake transport that has a socket, whose other end is the application's."""

    def __init__(self, protocol: UpstreamConnection) -> None:
        super().__init__(protocol)
        self.socket, self.application = socket.socketpair()
        self.socket.setblocking(False)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.socket if name == "socket" else super().get_extra_info(name, default)

    def close_sockets(self) -> None:
        self.socket.close()
        self.application.close()


@pytest.fixture
def on_socket() -> Iterator[Connected]:
    connected = Connected()
    connected.transport = transport = SocketTransport(connected.link)
    connected.link.connection_made(transport)
    yield connected
    transport.close_sockets()


def application_of(connected: Connected) -> socket.socket:
    assert isinstance(connected.transport, SocketTransport)
    return connected.transport.application


def test_an_idle_connection_detects_unread_bytes_and_an_unread_end(on_socket: Connected) -> None:
    application = application_of(on_socket)
    assert not on_socket.link.has_news()
    application.send(b"x")
    assert on_socket.link.has_news()
    assert isinstance(on_socket.transport, SocketTransport)
    on_socket.transport.socket.recv(1)
    assert not on_socket.link.has_news()
    application.close()
    assert on_socket.link.has_news()


def test_a_response_in_the_receive_queue_is_read_although_a_write_failed(on_socket: Connected) -> None:
    application_of(on_socket).send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig")
    on_socket.link.connection_lost(BrokenPipeError())
    assert on_socket.caller.calls[-1] == (413, b"big", True)


def test_a_body_that_ends_with_its_connection_is_complete_although_a_write_failed(on_socket: Connected) -> None:
    application_of(on_socket).send(b"HTTP/1.1 413 Too Large\r\n\r\nbig")
    on_socket.link.connection_lost(BrokenPipeError())
    assert on_socket.caller.calls[-2:] == [(413, b"big", False), (b"", True)]


def test_a_request_fails_if_its_connection_breaks_without_a_response(on_socket: Connected) -> None:
    on_socket.link.connection_lost(BrokenPipeError())
    assert on_socket.caller.calls[-1] == TERMINATED.name


# --- backpressure --------------------------------------------------------------------------------------------------


def test_reading_pauses_for_a_caller_that_cannot_take_more_and_resumes_for_the_next_one() -> None:
    connected = Connected()
    readings = []
    for change in (connected.link.pause, connected.link.resume, connected.link.pause):
        change()
        readings.append(connected.transport.is_reading())
    assert readings == [False, True, False]
    connected.link.data_received(OK)  # had been read before
    assert connected.is_kept
    assert connected.transport.is_reading()


def test_the_caller_is_notified_if_the_application_does_not_read() -> None:
    connected = Connected()
    connected.link.pause_writing()
    connected.link.resume_writing()
    assert connected.caller.calls == ["connected", "full", "drained"]


# --- tunnels -------------------------------------------------------------------------------------------------------

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"


def test_a_101_without_a_request_for_it_is_rejected() -> None:
    connected = Connected()
    connected.link.data_received(UPGRADED)
    assert connected.caller.calls[-1] == BAD_ANSWER.name


def test_a_tunnel_forwards_bytes_until_both_sides_have_ended() -> None:
    connected = Connected(RecordingCaller(tunnels=True))
    connected.caller.keeps_tunnel_open = True
    connected.link.data_received(UPGRADED + b"first")
    connected.link.data_received(b"second")
    assert connected.caller.calls[1:] == [(101, b"first", False), (b"second", False)]
    connected.transport.take()
    assert connected.link.eof_received() is True  # the direction towards the application stays open
    connected.link.write(b"last words", last=False)
    assert connected.transport.take() == b"last words"
    connected.link.write_eof()
    assert connected.transport.ended_writing
    connected.link.finish()
    assert (connected.transport.closing, connected.transport.aborted) == (True, False)
    assert connected.owner.released == []
