"""The parts of a web request."""

from __future__ import annotations

from simulator.rules.waf.web_request import WebRequest


def test_a_target_is_split_once_and_arguments_keep_their_order() -> None:
    request = WebRequest(b"GET", b"/a%20b?x=1&&y&x=2=3?")

    assert (request.path, request.query) == (b"/a%20b", b"x=1&&y&x=2=3?")
    assert request.arguments() == [(b"x", b"1"), (b"y", b""), (b"x", b"2=3?")]


def test_repeated_fields_are_joined_and_cookies_of_all_of_them_are_found() -> None:
    request = WebRequest(b"GET", b"/", [(b"cookie", b"a=1; b"), (b"accept", b"x"), (b"cookie", b"c=2=3")])

    assert request.field(b"cookie") == b"a=1; b, c=2=3"
    assert request.field(b"host") is None
    assert request.cookies() == [(b"a", b"1"), (b"b", b""), (b"c", b"2=3")]
