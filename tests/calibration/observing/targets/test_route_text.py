"""Tests of the routes that a user writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.calibration.observing.observed_service import RouteLoad
from simulator.calibration.observing.targets.route_text import parse_headers, parse_routes, with_bodies


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("/", RouteLoad("/")),
        ("GET /items/1:3", RouteLoad("/items/1", weight=3.0)),
        ("post /orders", RouteLoad("/orders", "POST")),
        ("/a:b/c:0.5", RouteLoad("/a:b/c", weight=0.5)),
        ("/search?q=a:b", RouteLoad("/search?q=a:b")),
        ("  DELETE   /x:10 ", RouteLoad("/x", "DELETE", 10.0)),
    ],
)
def test_a_route_has_a_method_a_path_and_a_weight(text: str, route: RouteLoad) -> None:
    assert parse_routes([text]) == (route,)


def test_without_routes_the_root_is_requested() -> None:
    assert parse_routes([]) == (RouteLoad("/"),)


@pytest.mark.parametrize("text", ["items", "", "GET", "/x:0", "/x:1e999", "/x:1.2.3", "GET /a b"])
def test_a_text_that_is_no_route_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"route = .*, must be \[METHOD\] /PATH\[:WEIGHT\]"):
        parse_routes([text])


def test_a_route_is_given_once() -> None:
    with pytest.raises(ValueError, match="must be given once"):
        parse_routes(["/x?a=1", "/x?a=2"])


def test_a_body_belongs_to_the_only_route_with_a_body_or_to_the_named_one(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text("{}", encoding="utf-8")
    get, post, put = parse_routes(["/x", "POST /orders", "PUT /orders/1"])
    assert [route.body for route in with_bodies((get, post), [str(file)])] == [None, "{}"]
    assert [route.body for route in with_bodies((get, post, put), [f"PUT /orders/1={file}"])] == [None, None, "{}"]
    assert [route.body for route in with_bodies((get, post, put), [f"/orders={file}"])] == [None, "{}", None]
    with pytest.raises(ValueError, match=r"body = .* must be one of 'GET /x=FILE', 'POST /orders=FILE'"):
        with_bodies((get, post, put), [str(file)])


@pytest.mark.parametrize(
    ("content", "message"), [(None, "must be a file that can be read"), (b"\xff\xfe", "must be text in UTF-8")]
)
def test_a_body_that_cannot_be_read_is_an_error(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "body"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        with_bodies(parse_routes(["POST /x"]), [str(file)])


def test_headers_are_names_and_values() -> None:
    assert parse_headers(["X-A: b: c", "Accept:text/html"]) == {"X-A": "b: c", "Accept": "text/html"}
    with pytest.raises(ValueError, match="header = 'X-A', must be NAME: VALUE"):
        parse_headers(["X-A"])
