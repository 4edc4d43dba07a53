"""The cookies of one user's session: taken from responses, and sent with later requests.

The rules are those of `http.cookiejar`: domain, path, `Max-Age` and `Expires`, `Secure`. Importing it takes a few
milliseconds, so this module is imported with the first cookie.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import cast
from urllib.request import Request


class SessionCookies:
    """The cookies that the responses of one session have set."""

    __slots__ = ("_jar",)

    def __init__(self) -> None:
        self._jar = CookieJar()

    def keep(self, url: str, given: Iterable[str]) -> None:
        """Apply the values of the `Set-Cookie` fields of a response to a request for `url`."""
        message = Message()
        for value in given:
            message["Set-Cookie"] = value
        self._jar.extract_cookies(cast("HTTPResponse", _Answer(message)), _request(url))

    def field(self, url: str, own: str = "") -> str:
        """Return the value of the `Cookie` field of a request for `url`; empty if there are no cookies.

        `own` has the cookies that the request itself defines; they replace those of the same name.
        """
        request = _request(url)
        self._jar.add_cookie_header(request)
        replaced = {_name(pair) for pair in own.split(";")}
        kept = (request.get_header("Cookie") or "").split("; ")
        return "; ".join(filter(None, [own, *(pair for pair in kept if _name(pair) not in replaced)]))


class _Answer:
    """A response in the form that `http.cookiejar` reads."""

    def __init__(self, headers: Message) -> None:
        self._headers = headers

    def info(self) -> Message:
        return self._headers


def _request(url: str) -> Request:
    return Request(url)  # noqa: S310 describes a request; nothing is opened


def _name(pair: str) -> str:
    return pair.partition("=")[0].strip()
