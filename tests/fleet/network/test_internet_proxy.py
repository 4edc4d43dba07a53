from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from simulator.fleet.network.internet_proxy import DnsForwarder, InternetProxy, forward_dns, name_server


@asynccontextmanager
async def asking(server: tuple[str, int]) -> AsyncIterator[socket.socket]:
    """Yield a client of a forwarder to that name server."""
    transport, port = await forward_dns("127.0.0.1", server)
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    client.connect(("127.0.0.1", port))
    try:
        yield client
    finally:
        client.close()
        transport.close()
        await asyncio.sleep(0)


async def received(client: socket.socket) -> bytes:
    async with asyncio.timeout(30):
        return await asyncio.get_running_loop().sock_recv(client, 512)


async def test_queries_and_answers_are_forwarded() -> None:
    loop = asyncio.get_running_loop()
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    server.bind(("127.0.0.1", 0))
    with server:
        async with asking(server.getsockname()) as client:
            clients = []
            for query in (b"one", b"two"):
                await loop.sock_sendall(client, query)
                given, address = await loop.sock_recvfrom(server, 512)
                assert given == query
                clients.append(address)
            # Each query has its own port, so that answers in any order reach the right client.
            assert len(set(clients)) == 2
            for answer, address in zip((b"1", b"2"), clients, strict=True):
                await loop.sock_sendto(server, answer, address)
            assert {await received(client), await received(client)} == {b"1", b"2"}


async def test_a_name_server_that_does_not_listen_ends_no_other_query() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        nobody = gone.getsockname()
    async with asking(nobody) as client:
        for _ in range(3):
            await asyncio.get_running_loop().sock_sendall(client, b"query")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await asyncio.get_running_loop().sock_recv(client, 512)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("search acme.dev\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n", ("192.0.2.53", 53)),
        ("nameserver fd00::53", ("fd00::53", 53)),
        ("# nameserver 192.0.2.53\nnameserver\n", None),
        ("", None),
    ],
)
def test_the_name_server_of_the_machine(tmp_path: Path, text: str, expected: tuple[str, int] | None) -> None:
    (tmp_path / "resolv.conf").write_text(text)
    assert name_server(tmp_path / "resolv.conf") == expected
    assert name_server(tmp_path / "absent") is None


async def test_a_connection_that_was_not_redirected_goes_nowhere() -> None:
    """Otherwise the proxy would connect to itself, repeatedly."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    port = listening.getsockname()[1]
    proxy = InternetProxy()
    await proxy.open(listening)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(30):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
    finally:
        await proxy.close()


async def test_queries_without_an_answer_use_a_bounded_number_of_file_descriptors() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:  # receives queries and answers none
        silent.bind(("127.0.0.1", 0))
        forwarder = DnsForwarder(silent.getsockname())
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: forwarder, local_addr=("127.0.0.1", 0)
        )
        for number in range(300):
            forwarder.datagram_received(b"%d" % number, ("127.0.0.1", 9))
        assert len(forwarder._pending) == 256
        transport.close()
        await asyncio.sleep(0)
        assert len(forwarder._pending) == 0


async def test_a_query_that_gets_no_file_descriptor_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    forwarder = DnsForwarder(("127.0.0.1", 9))
    monkeypatch.setattr("simulator.fleet.network.internet_proxy._DnsQuery", _none_left)
    forwarder.datagram_received(b"query", ("127.0.0.1", 9))
    assert len(forwarder._pending) == 0


def _none_left(*_: object) -> None:
    raise OSError(errno.EMFILE, "Too many open files")
