"""A service with a database and a cache in its VPC: PostgreSQL and Redis, by their protocols, without a library.

    GET /           the number of orders: from the cache, or from the database and then stored in the cache
    POST /          adds an order and empties the cache

Configured as on App Runner: DATABASE_HOST, DATABASE_PORT, DATABASE_USER, DATABASE_NAME, CACHE_HOST and CACHE_PORT are
variables, DATABASE_PASSWORD and CACHE_PASSWORD are secrets. If the database or cache cannot be reached, the response is
a 503 after CONNECT_TIMEOUT seconds (default 3); `/health` is always answered.

Standard library only, so that it runs wherever the simulator does.
"""  # noqa: INP001 - an application to run, not a module to import

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, LifoQueue

CACHED = "orders:count"
CACHED_S = 60
POOL = 5


class UnreachableError(Exception):
    """A database or cache did not answer; the message becomes the body of a 503."""


class ProtocolError(Exception):
    """A database or cache answered with an error."""


def connected(host: str, port: int) -> socket.socket:
    timeout_s = float(os.environ.get("CONNECT_TIMEOUT", "3"))  # noqa: TID251 an application's own
    try:
        return socket.create_connection((host, port), timeout_s)
    except OSError as error:
        raise UnreachableError(f"{host}:{port}: {error.strerror or error}") from error


class Postgres:
    """A connection to PostgreSQL: authentication by SCRAM-SHA-256, then simple queries."""

    def __init__(self, host: str, port: int, user: str, database: str, password: str) -> None:
        self.socket = connected(host, port)
        self._file = self.socket.makefile("rb")
        words = f"user\0{user}\0database\0{database}\0\0".encode()
        self.socket.sendall(struct.pack("!ii", 8 + len(words), 196608) + words)
        self._log_in(password)
        while self._receive()[0] != b"Z":
            pass

    def query(self, text: str) -> list[list[str]]:
        self._send(b"Q", text.encode() + b"\0")
        rows, error = list[list[str]](), ""
        while True:
            kind, body = self._receive()
            if kind == b"D":
                rows.append([*self._columns(body)])
            elif kind == b"E":
                error = body.decode(errors="replace").replace("\0", " ")
            elif kind == b"Z":
                if error:
                    raise ProtocolError(error)
                return rows

    def _log_in(self, password: str) -> None:
        """RFC 5802, as PostgreSQL uses it: without channel binding, and the name comes with the start-up message."""
        kind, body = self._receive()
        if kind == b"R" and struct.unpack("!i", body[:4])[0] == 0:
            return
        if kind != b"R" or b"SCRAM-SHA-256" not in body:
            raise ProtocolError(body.decode(errors="replace").replace("\0", " "))
        nonce = secrets.token_urlsafe(18)
        first = f"n=,r={nonce}"
        opening = b"n,," + first.encode()
        self._send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(opening)) + opening)
        server = self._continued(11)
        fields = dict(part.split("=", 1) for part in server.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
        final = f"c=biws,r={fields['r']}"
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), f"{first},{server},{final}".encode(), "sha256")
        proof = bytes(one ^ other for one, other in zip(client_key, signature, strict=True))
        self._send(b"p", f"{final},p={base64.b64encode(proof).decode()}".encode())
        self._continued(12)

    def _continued(self, expected: int) -> str:
        kind, body = self._receive()
        if kind != b"R" or struct.unpack("!i", body[:4])[0] != expected:
            raise ProtocolError(body.decode(errors="replace").replace("\0", " "))
        return body[4:].decode()

    def _send(self, kind: bytes, body: bytes) -> None:
        self.socket.sendall(kind + struct.pack("!i", 4 + len(body)) + body)

    def _receive(self) -> tuple[bytes, bytes]:
        head = self._file.read(5)
        if len(head) < 5:
            raise UnreachableError("the database closed the connection")
        (length,) = struct.unpack("!i", head[1:])
        return head[:1], self._file.read(length - 4)

    @staticmethod
    def _columns(body: bytes) -> Iterator[str]:
        (count,), at = struct.unpack("!h", body[:2]), 2
        for _ in range(count):
            (length,) = struct.unpack("!i", body[at : at + 4])
            yield body[at + 4 : at + 4 + max(length, 0)].decode()
            at += 4 + max(length, 0)


class Redis:
    """A connection to Redis for commands whose replies are a string, a number or null."""

    def __init__(self, host: str, port: int, password: str) -> None:
        self.socket = connected(host, port)
        self._file = self.socket.makefile("rb")
        if password:
            self.command("AUTH", password)

    def command(self, *words: str) -> str | None:
        parts = b"".join(b"$%d\r\n%b\r\n" % (len(word.encode()), word.encode()) for word in words)
        self.socket.sendall(b"*%d\r\n%b" % (len(words), parts))
        line = self._file.readline().decode().strip()
        if not line:
            raise UnreachableError("the cache closed the connection")
        if line[0] == "-":
            raise ProtocolError(line[1:])
        if line[0] != "$":
            return line[1:]
        length = int(line[1:])
        return None if length < 0 else self._file.read(length + 2)[:-2].decode()


class Orders:
    """The orders, with a pool of connections to the database."""

    def __init__(self) -> None:
        self._pool: LifoQueue[Postgres] = LifoQueue()
        self._variables = os.environ  # noqa: TID251 an application's own

    def count(self) -> tuple[str, str]:
        """Return the count and its origin: `cache` or `database`."""
        cache = self._cache()
        try:
            known = cache.command("GET", CACHED)
            if known is not None:
                return known, "cache"
            with self._database() as database:
                number = database.query("SELECT count(*) FROM orders")[0][0]
            cache.command("SET", CACHED, number, "EX", str(CACHED_S))
            return number, "database"
        finally:
            cache.socket.close()

    def add(self) -> None:
        with self._database() as database:
            database.query("INSERT INTO orders DEFAULT VALUES")
        cache = self._cache()
        try:
            cache.command("DEL", CACHED)
        finally:
            cache.socket.close()

    def _cache(self) -> Redis:
        at = self._variables
        return Redis(at["CACHE_HOST"], int(at.get("CACHE_PORT", "6379")), at.get("CACHE_PASSWORD", ""))

    @contextmanager
    def _database(self) -> Iterator[Postgres]:
        try:
            connection = self._pool.get_nowait()
        except Empty:
            at = self._variables
            connection = Postgres(
                at["DATABASE_HOST"],
                int(at.get("DATABASE_PORT", "5432")),
                at.get("DATABASE_USER", "orders"),
                at.get("DATABASE_NAME", "orders"),
                at.get("DATABASE_PASSWORD", ""),
            )
        try:
            yield connection
        except BaseException:
            connection.socket.close()
            raise
        if self._pool.qsize() < POOL:
            self._pool.put(connection)
        else:
            connection.socket.close()


class Handler(BaseHTTPRequestHandler):
    """Answers in JSON."""

    protocol_version = "HTTP/1.1"
    orders = Orders()

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, {})
            return
        self._work(self._counted)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self._work(self._added)

    def _counted(self) -> dict[str, str]:
        number, source = self.orders.count()
        return {"orders": number, "from": source}

    def _added(self) -> dict[str, str]:
        self.orders.add()
        return {"added": "1"}

    def _work(self, work: object) -> None:
        assert callable(work)
        try:
            self._answer(200, work())
        except (UnreachableError, OSError) as error:
            self._answer(503, {"error": str(error)})
        except ProtocolError as error:
            self._answer(500, {"error": str(error)})

    def _answer(self, status: int, body: dict[str, str]) -> None:
        data = json.dumps(body).encode() + b"\n"
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Write no line per request."""


if __name__ == "__main__":
    variables = os.environ  # noqa: TID251 an application's own
    address = (variables.get("HOST", "0.0.0.0"), int(variables.get("PORT", "8080")))  # noqa: S104 as App Runner requires
    ThreadingHTTPServer.request_queue_size = 1024
    print(f"orders: listening on {address[0]}:{address[1]}", flush=True)  # noqa: T201
    ThreadingHTTPServer(address, Handler).serve_forever()
