from __future__ import annotations

import asyncio
import errno
import select
import socket

from simulator.edge.accept import Acceptor, has_hung_up
from tests.loops import both_loops


class Exhausted:
    """A listening socket for which no descriptor is left."""

    def __init__(self, real: socket.socket) -> None:
        self.real = real
        self.asked = 0

    def fileno(self) -> int:
        return self.real.fileno()

    def accept(self) -> None:
        self.asked += 1
        raise OSError(errno.EMFILE, "Too many open files")

    def close(self) -> None:
        self.real.close()


@both_loops
async def test_each_connection_is_passed_on_non_blocking_with_its_peer() -> None:
    got: asyncio.Queue[tuple[socket.socket, bytes]] = asyncio.Queue()
    acceptor = Acceptor("127.0.0.1", 0, 10, lambda *arrived: got.put_nowait(arrived))
    clients = [socket.create_connection(("127.0.0.1", acceptor.port)) for _ in range(3)]
    arrived = [await got.get() for _ in clients]
    assert {peer for _, peer in arrived} == {b"127.0.0.1"}
    assert {accepted.gettimeout() for accepted, _ in arrived} == {0.0}
    acceptor.close()
    for each in (*clients, *(accepted for accepted, _ in arrived)):
        each.close()


@both_loops
async def test_without_descriptors_accepting_pauses() -> None:
    acceptor = Acceptor("127.0.0.1", 0, 10, lambda *_: None)
    loop = asyncio.get_running_loop()
    loop.remove_reader(acceptor._socket)
    exhausted = Exhausted(acceptor._socket)
    acceptor._socket = exhausted  # type: ignore[assignment]
    acceptor._watch()
    with socket.create_connection(("127.0.0.1", exhausted.real.getsockname()[1])):
        for _ in range(200):  # iterations of the event loop, in each of which the connection is ready to be accepted
            await asyncio.sleep(0)
        assert exhausted.asked == 1
    acceptor.close()


@both_loops
async def test_a_peer_that_has_closed_is_detected_in_spite_of_unread_bytes() -> None:
    here, there = socket.socketpair(socket.AF_UNIX)
    assert not has_hung_up(here)  # not TCP: the state of the peer is unknown
    here.close()
    there.close()
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        client.sendall(b"unread")
        assert not has_hung_up(accepted)
        client.close()
        poll = select.poll()
        poll.register(accepted, select.POLLRDHUP)
        assert poll.poll(10_000)  # the end of its side has arrived
        assert has_hung_up(accepted)
        accepted.close()
        assert not has_hung_up(accepted)
