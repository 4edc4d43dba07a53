"""An application for tests of sessions, which responds with 500 unless it gets exactly these requests, repeatedly:

- POST /login with {"user": NAME}, for the names of its arguments in turn,
- GET /cart/cart-7 with the token of the login,
- POST /buy with the text of the cart and the name.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_NAMES = itertools.cycle(sys.argv[1:])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    name = ""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        asked = (self.path, body, self.headers.get("authorization", ""))
        expected, answer = asked, ""
        if self.path == "/login":
            _Handler.name = next(_NAMES)
            answer = json.dumps({"session": {"tokens": [f"t-{self.name}"]}})
            expected = ("/login", json.dumps({"user": self.name}), "")
        elif self.path.startswith("/cart"):
            answer = "<input name=csrf value='c-9'>\n"
            expected = ("/cart/cart-7", "", f"Bearer t-{self.name}")
        elif self.path == "/buy":
            expected = ("/buy", f"csrf=c-9&user={self.name}", "")
        data = answer.encode()
        self.send_response(200 if asked == expected else 500)
        self.send_header("content-length", str(len(data)))
        self.send_header("x-cart", "cart-7")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


if __name__ == "__main__":
    where = os.environ["HOST"], int(os.environ["PORT"])  # noqa: TID251 an application
    ThreadingHTTPServer(where, _Handler).serve_forever()
