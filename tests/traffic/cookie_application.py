"""An application for tests of cookies, which responds with 500 unless it gets exactly the cookies that it expects.

/login expects none, sets several, and expires one; /cart/... and /profile expect those that a browser would send. With
the argument `none` it expects no cookies anywhere.
"""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_SETS = {
    "/login": [
        "sid=s-1; Path=/; HttpOnly; Secure; SameSite=Lax",
        "cart=c-7; Path=/cart; Max-Age=3600",
        "old=x; Path=/; Max-Age=0",
        "past=x; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "foreign=x; Path=/; Domain=example.org",
    ],
    "/cart/7": ["sid=s-2; Path=/; Secure"],
}
_EXPECTS = {"/login": set(), "/cart/7": {"sid=s-1", "cart=c-7"}, "/profile": {"sid=s-2", "theme=dark"}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        got = {pair.strip() for pair in self.headers.get("cookie", "").split(";") if pair.strip()}
        expected = {"theme=dark"} & got if "none" in sys.argv else _EXPECTS.get(self.path, got)
        self.send_response(200 if got == expected else 500)
        for cookie in _SETS.get(self.path, []):
            self.send_header("Set-Cookie", cookie)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


if __name__ == "__main__":
    where = os.environ["HOST"], int(os.environ["PORT"])  # noqa: TID251 an application
    ThreadingHTTPServer(where, _Handler).serve_forever()
