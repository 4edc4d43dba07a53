"""Ten thousand simultaneous connections: each is served, no other is disturbed, and nothing is left of them."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import uvloop

from simulator.wire.ca import CertificateAuthority
from tests.edge.front import request, status_of
from tests.live.test_edge_tls import Platform, authority, platform, read_answer
from tests.live.waiting import until

__all__ = ["authority"]

CONNECTIONS = 10_000
AT_ONCE = 200
_DESCRIPTORS = CONNECTIONS + 2 * AT_ONCE + 500

# The clients, in a separate process: a process may usually open 20,000 files.
_CLIENTS = """
import resource, socket, sys

port, count, at_once, message = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].encode()
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
clients = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(count)]
print("open", flush=True)
sys.stdin.readline()
served = 0
for _ in range(2):
    for at in range(0, count, at_once):
        for client in clients[at : at + at_once]:
            client.sendall(message)
        for client in clients[at : at + at_once]:
            answer = b""
            while not answer.endswith(b"hello"):
                piece = client.recv(65536)
                assert piece, answer
                answer += piece
            served += answer.startswith(b"HTTP/1.1 200 ")
print(served, flush=True)
sys.stdin.readline()
"""


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def serve_them(running: Platform) -> None:
    running.upstream.capacity = AT_ONCE
    listener, before = running.plain_gateway, descriptors()
    arguments = (str(listener.port), str(CONNECTIONS), str(AT_ONCE), request().decode())
    clients = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _CLIENTS, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert clients.stdin is not None
    assert clients.stdout is not None
    try:
        assert await clients.stdout.readline() == b"open\n"
        await until(lambda: listener.connections == CONNECTIONS)
        clients.stdin.write(b"go on\n")
        assert await clients.stdout.readline() == b"%d\n" % (2 * CONNECTIONS)
        # Clients that connect while the others are idle are served as usual.
        reader, writer = await running.connect()
        writer.write(request())
        assert status_of(await read_answer(reader)) == 200
        writer.close()
    finally:
        clients.kill()
        await clients.wait()
    await until(lambda: listener.connections == 0)
    await running.service.close()
    await until(lambda: descriptors() <= before + 5)


@pytest.mark.slow
@pytest.mark.row(90)
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors as Linux shows them")
def test_ten_thousand_connections_are_served_and_leak_nothing(authority: CertificateAuthority) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < _DESCRIPTORS:
        pytest.skip(f"needs {_DESCRIPTORS} open files, the hard limit is {hard}")

    async def main() -> None:
        async with platform(authority, limit_s=120) as running:
            await serve_them(running)

    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
