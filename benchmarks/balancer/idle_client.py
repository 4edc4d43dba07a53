"""Opens idle TLS connections: `python -m benchmarks.balancer.idle_client PORT COUNT ROOT_CERTIFICATE`.

Each connection has had one request, so that the memory that a first request allocates is included. Prints `open`, waits
for the end of its standard input, then prints how many connections the proxy has kept. It uses blocking sockets in a
few threads, because the client itself is not measured.
"""

from __future__ import annotations

import select
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from benchmarks.balancer.places import ADDRESS, HOST

_REQUEST: Final = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
_PATIENCE_S: Final = 20.0
_AT_ONCE: Final = 8


def main() -> None:
    port, count = int(sys.argv[1]), int(sys.argv[2])
    context = ssl.create_default_context(cafile=sys.argv[3])
    with ThreadPoolExecutor(_AT_ONCE) as opener:
        connections = list(opener.map(lambda _: _opened(context, port), range(count)))
    print("open", flush=True)
    sys.stdin.read()
    poll = select.poll()
    for connection in connections:
        poll.register(connection, select.POLLIN)
    print(count - len(poll.poll(0)), flush=True)  # no response is due, so a readable connection has ended


def _opened(context: ssl.SSLContext, port: int) -> ssl.SSLSocket:
    plain = socket.create_connection((ADDRESS, port), timeout=_PATIENCE_S)
    # Otherwise the request waits until the last bytes of the handshake are acknowledged, which some proxies delay by 40
    # ms.
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = context.wrap_socket(plain, server_hostname=HOST)
    connection.sendall(_REQUEST)
    read = b""
    while not read.endswith(b"world!\n"):
        piece = connection.recv(65536)
        assert piece, f"the proxy closed after {read!r}"
        read += piece
    return connection


if __name__ == "__main__":
    main()
