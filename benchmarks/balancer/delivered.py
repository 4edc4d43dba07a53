"""Counts lost responses: `python -m benchmarks.balancer.delivered [--runs N] [--only NAME,...]`.

The same clients and the same application, with this balancer, Envoy and HAProxy in one run: how many of N requests got
the response that was sent. Four kinds of response (http-proxy.md 119, 120, 123, 121):

- early: the application answers 413 during an upload and closes, so its kernel resets the connection on further data;
- own: the proxy answers 404 itself, to a client that is uploading;
- close: the application closes each connection after its response without announcing it, and sequential POSTs follow;
- LF: the header of the application's response has LF as line ends.

Uploads check for a response between two writes, as curl does; half of them use TLS, half of them are chunked.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import ssl
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from select import select
from typing import Final

from benchmarks.balancer import peer_files, peers
from benchmarks.balancer.places import ADDRESS, HOST, OTHER_CORE, Places, free_ports
from simulator.wire.ca import CertificateAuthority
from simulator.wire.tls import client_context
from simulator.world.clock import monotonic_s, utc_now

NAMES: Final = (peers.OURS, peers.ENVOY, "haproxy")
ABSENT: Final = "absent.test"
UPLOAD_BYTES: Final = 20_000_000
LIMIT_S: Final = 10.0

_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_ENVOY: Final = peer_files.envoy
_HAPROXY: Final = peer_files.haproxy
# Maps a path to the application's response, and whether it closes the connection afterwards.
_ANSWERS: Final = {
    b"/early": (b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\nConnection: close\r\n\r\ntoo big", True),
    b"/close": (_OK, True),
    b"/lf/0": (b"HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 2\n\nok", False),
    b"/lf/1": (b"HTTP/1.1 200 OK\r\nX-A: 1\nContent-Length: 2\r\n\r\nok", False),
    b"/lf/2": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok", False),
    b"/lf/3": (b"HTTP/1.0 200 OK\nContent-Type: text/plain\n\nok", True),
}


class Application:
    """Answers each request header by `_ANSWERS`, in one thread per connection."""

    def __init__(self) -> None:
        self._listener = socket.create_server((ADDRESS, 0), backlog=1024)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            accepted, _ = self._listener.accept()
            threading.Thread(target=self._answer, args=(accepted,), daemon=True).start()

    def _answer(self, accepted: socket.socket) -> None:
        try:
            with accepted:
                head = b""
                while piece := accepted.recv(65536):
                    head += piece
                    if b"\r\n\r\n" not in head:
                        continue
                    answer, closes = _ANSWERS.get(head.split(b" ", 2)[1], (_OK, False))
                    accepted.sendall(answer)
                    if closes:
                        return
                    head = b""
        except OSError:
            pass  # the proxy closed the connection


class Client:
    """Sends requests to one proxy."""

    def __init__(self, places: Places, tls: ssl.SSLContext) -> None:
        self._places = places
        self._tls = tls

    def connect(self, *, tls: bool = False) -> socket.socket:
        port = self._places.tls_port if tls else self._places.plain_port
        connection = socket.create_connection((ADDRESS, port), timeout=LIMIT_S)
        return self._tls.wrap_socket(connection, server_hostname=HOST) if tls else connection

    def upload(self, path: str, host: str, *, tls: bool, chunked: bool) -> str:
        """Upload a body. Return the status of the response, or a description of what was received instead."""
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {UPLOAD_BYTES}"
        piece = b"10000\r\n%b\r\n" % bytes(65536) if chunked else bytes(65536)
        answer, left, sent, end_s = b"", memoryview(b""), 0, monotonic_s() + LIMIT_S
        try:
            with self.connect(tls=tls) as connection:
                connection.sendall(f"PUT {path} HTTP/1.1\r\nHost: {host}\r\n{framing}\r\n\r\n".encode())
                connection.setblocking(False)
                while b"\r\n\r\n" not in answer:
                    if monotonic_s() > end_s:
                        return "nothing"
                    try:
                        got = connection.recv(65536)
                        answer += got
                        if not got:
                            break
                    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                        pass
                    if not left and sent < UPLOAD_BYTES:
                        left, sent = memoryview(piece), sent + 65536
                    try:
                        if left:
                            left = left[connection.send(left) :]
                    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                        select([connection], [connection], [], 0.001)
        except OSError as error:
            if b"\r\n\r\n" not in answer:
                return type(error).__name__
        return _status(answer)

    def posts(self, path: str, count: int, method: str = "POST") -> Iterator[str]:
        """Send requests one after another on a connection, as long as it lasts."""
        connection = self.connect()
        for number in range(count):
            target = path.format(number % 4)
            body = "Content-Length: 0\r\n" if method == "POST" else ""
            ended = False
            try:
                connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: {HOST}\r\n{body}\r\n".encode())
                answer = b""
                while not _is_whole(answer) and not ended:
                    got = connection.recv(65536)
                    answer += got
                    ended = not got
                yield _status(answer)
                ended = ended or b"connection: close" in answer.lower()
            except OSError as error:
                ended = True
                yield type(error).__name__
            if ended:
                connection.close()
                connection = self.connect()
        connection.close()


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return body.endswith(b"0\r\n\r\n")


def _status(answer: bytes) -> str:
    return answer.split(b" ", 2)[1].decode() if answer.startswith(b"HTTP/1.") else "nothing"


def early(client: Client, runs: int) -> Counter[str]:
    kinds = [(tls, chunked) for tls in (False, True) for chunked in (False, True)]
    return Counter(
        client.upload("/early", HOST, tls=kinds[number % 4][0], chunked=kinds[number % 4][1]) for number in range(runs)
    )


def own(client: Client, runs: int) -> Counter[str]:
    return Counter(client.upload("/", ABSENT, tls=number % 2 == 1, chunked=number % 4 > 1) for number in range(runs))


def close(client: Client, runs: int) -> Counter[str]:
    return Counter(client.posts("/close", runs))


def lf(client: Client, runs: int) -> Counter[str]:
    return Counter(client.posts("/lf/{}", runs, "GET"))


# Kind, the status that counts as delivered, and the requests.
KINDS: Final[tuple[tuple[str, str, Callable[[Client, int], Counter[str]]], ...]] = (
    ("early", "413", early),
    ("own", "404", own),
    ("close", "200", close),
    ("LF", "200", lf),
)


def _envoy(places: Places) -> str:
    """Return Envoy's configuration with its own response to unknown hosts, as this balancer has."""
    settings = json.loads(_ENVOY(places))
    for listener in settings["static_resources"]["listeners"]:
        for each in listener["filter_chains"][0]["filters"]:
            each["typed_config"]["route_config"]["virtual_hosts"].append(
                {
                    "name": "absent",
                    "domains": [ABSENT],
                    "routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 404}}],
                }
            )
    return json.dumps(settings)


def _haproxy(places: Places) -> str:
    rejection = f"  http-request return status 404 if {{ hdr(host) -i {ABSENT} }}\n  default_backend"
    return _HAPROXY(places).replace("  default_backend", rejection)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.balancer.delivered", description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--only", default=",".join(NAMES))
    options = parser.parse_args()
    os.sched_setaffinity(0, {OTHER_CORE})
    peer_files.envoy, peer_files.haproxy = _envoy, _haproxy  # the commands in peers.py use these names
    print(f"{options.runs} runs of each; delivered, and what came in place of the others")
    with tempfile.TemporaryDirectory(prefix="delivered-") as temporary:
        folder = Path(temporary)
        authority = CertificateAuthority(folder / "ca", utc_now())
        certificate = authority.leaf(HOST, utc_now())
        tls = client_context(authority)
        for proxy in peers.PROXIES:
            if proxy.name not in options.only.split(","):
                continue
            tls_port, plain_port = free_ports(2)
            home = Path(tempfile.mkdtemp(dir=folder))
            places = Places(tls_port, plain_port, Application().port, certificate, home)
            process = proxy.run(places)
            if process is None:
                print(f"{proxy.name} is left out; to have it: {proxy.install}", file=sys.stderr)
                continue
            with process:
                for kind, wanted, measure in KINDS:
                    seen = measure(Client(places, tls), options.runs)
                    delivered = seen.pop(wanted, 0)
                    print(f"{proxy.name:10} {kind:6} {delivered:5}  {dict(seen) if seen else ''}", flush=True)


if __name__ == "__main__":
    main()
