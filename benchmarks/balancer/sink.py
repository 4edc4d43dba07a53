"""A collector that accepts and discards all data, on the core of origin and client. It prints its port."""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from benchmarks.balancer.places import ADDRESS, OTHER_CORE


class Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


def main() -> None:
    os.sched_setaffinity(0, {OTHER_CORE})
    server = HTTPServer((ADDRESS, 0), Sink)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
