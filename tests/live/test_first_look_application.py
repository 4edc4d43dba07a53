"""The application of the scenario first-look, as a process with a real socket."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

APPLICATION = Path(__file__).parents[2] / "scenarios" / "apps" / "first_look.py"
PATIENCE_S = 60.0


class Served:
    """The process, and one kept-alive connection to it."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect when the application listens: rejected connections are retried until the time limit."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    return await asyncio.open_connection("127.0.0.1", self.port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.01)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"HOST": "127.0.0.1", "PORT": str(port)}
    process = await asyncio.create_subprocess_exec(sys.executable, str(APPLICATION), env=environment)
    yield Served(process, port)
    if process.returncode is None:
        process.kill()
    await process.wait()


async def answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Return the status line and the body of the next response."""
    async with asyncio.timeout(PATIENCE_S):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length"))
        return head.split("\r\n")[0], await reader.readexactly(length)


async def test_it_answers_one_request_after_the_other_on_a_connection(served: Served) -> None:
    reader, writer = await served.connect()
    writer.write(b"GET /?cpu_ms=1&io_ms=1&bytes=100 HTTP/1.1\r\nhost: x\r\n\r\n")
    first = await answer(reader)
    writer.write(b"POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello")
    second = await answer(reader)
    writer.close()

    assert (first[0], len(first[1])) == ("HTTP/1.1 200 OK", 100)
    assert second == ("HTTP/1.1 200 OK", b"Hello from App Runner!\n")


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /?cpu_ms=-1 HTTP/1.1\r\n\r\n",
        b"GET /?io_ms=nan HTTP/1.1\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
    ],
)
async def test_a_malformed_request_is_answered_with_400(served: Served, request_head: bytes) -> None:
    reader, writer = await served.connect()
    writer.write(request_head)
    status, _ = await answer(reader)
    writer.close()

    assert status == "HTTP/1.1 400 Bad Request"


async def test_at_sigterm_a_request_in_progress_is_answered_and_then_the_process_ends(served: Served) -> None:
    idle_reader, idle_writer = await served.connect()
    reader, writer = await served.connect()
    # Two requests at once: when the first response has arrived, the second request is certainly in progress.
    writer.write(b"GET / HTTP/1.1\r\n\r\nGET /?io_ms=300 HTTP/1.1\r\n\r\n")
    await answer(reader)

    served.process.send_signal(signal.SIGTERM)
    status, _ = await answer(reader)
    async with asyncio.timeout(PATIENCE_S):
        code = await served.process.wait()
        assert await idle_reader.read() == b""
    writer.close()
    idle_writer.close()

    assert (status, code) == ("HTTP/1.1 200 OK", 0)
