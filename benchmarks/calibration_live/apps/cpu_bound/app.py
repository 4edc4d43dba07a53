"""A calculator on the standard library's threading server: pure computation, whose size varies by request."""

from __future__ import annotations

import os
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

chance = random.Random(13)
SIZES: Final = {"/small": 18_000, "/medium": 40_000, "/large": 60_000}


def primes(limit: int) -> int:
    """Count the primes below a limit by trial division."""
    found: list[int] = []
    for number in range(2, limit):
        for prime in found:
            if prime * prime > number:
                found.append(number)
                break
            if number % prime == 0:
                break
        else:
            found.append(number)
    return len(found)


class Calculator(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(b"well\n")
        elif self.path in SIZES:
            size = SIZES[self.path] * chance.uniform(0.8, 1.2)
            self.answer(f"{primes(round(size))} primes\n".encode())
        else:
            self.send_error(404)

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


class Server(ThreadingHTTPServer):
    request_queue_size = 512


if __name__ == "__main__":
    Server((os.getenv("HOST", "0.0.0.0"), int(os.getenv("PORT", "8080"))), Calculator).serve_forever()
