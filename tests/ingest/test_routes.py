from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ingest import routes
from simulator.ingest.routes import CROWD_MIN, NO_ROUTE, OTHER, Routes, route_of


@pytest.mark.parametrize(
    ("request_line", "route"),
    [
        ("GET / HTTP/1.1", "GET /"),
        ("GET /users/4711/orders?token=secret HTTP/1.1", "GET /users/{id}/orders"),
        ("POST https://shop.example:443/cart/550e8400-e29b-41d4-a716-446655440000 HTTP/2.0", "POST /cart/{id}"),
        ("GET /api/v2/items HTTP/1.1", "GET /api/v2/items"),
        ("GET /reports/2026-11-30/ HTTP/1.1", "GET /reports/{id}/"),
        ("GET /verify/anna%40example.org HTTP/1.1", "GET /verify/{id}"),
        ("GET /tags/caf%C3%A9 HTTP/1.1", "GET /tags/{id}"),
        ("GET /session/eyJhbGciOiJIUzI1NiIsInR5cCI6 HTTP/1.1", "GET /session/{id}"),
        ("GET /assets/app.3f2a9c1b.js HTTP/1.1", "GET /assets/{id}.js"),
        ("GET /history/apollo/apollo-13.html HTTP/1.0", "GET /history/apollo/apollo-13.html"),
        ("GET /page/17.html HTTP/1.0", "GET /page/{id}.html"),
        ("GET /a/deadbeef1 HTTP/1.1", "GET /a/{id}"),
        ("GET /call/%2B4917612345678 HTTP/1.1", "GET /call/{id}"),
        ("GET /feedback HTTP/1.1", "GET /feedback"),
        ("OPTIONS * HTTP/1.1", "OPTIONS /"),
        ("-", ""),
        ("\\x16\\x03\\x01", ""),
    ],
)
def test_what_differs_from_user_to_user_is_replaced(request_line: str, route: str) -> None:
    assert route_of(request_line.encode()) == route


@given(user=st.integers(0, 10**12), mail=st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.org", fullmatch=True))
def test_no_number_and_no_address_of_a_user_is_in_a_route(user: int, mail: str) -> None:
    route = route_of(f"GET /users/{user}/mail/{mail}?next={mail}#{user} HTTP/1.1".encode())

    assert route == "GET /users/{id}/mail/{id}"


def test_a_line_that_is_no_request_has_no_route() -> None:
    assert Routes().numbers([b"GET / HTTP/1.1", b"-"]).tolist() == [0, NO_ROUTE]


def test_paths_without_end_are_one_route(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "ROUTES_MAX", 3)
    found = Routes()

    numbers = found.numbers([f"GET /page-{letter} HTTP/1.1".encode() for letter in "abcdeab"])

    assert found.names == ["GET /page-a", "GET /page-b", "GET /page-c", OTHER]
    assert numbers.tolist() == [found.names.index(name) for name in [*found.names, OTHER, *found.names[:2]]]


def test_numbers_do_not_depend_on_what_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"GET /{letter}/{number} HTTP/1.1".encode() for number in range(40) for letter in "abc"]
    expected = Routes().numbers(lines).tolist()

    monkeypatch.setattr(routes, "_KNOWN_MAX", 5)
    found = Routes()
    numbers = [number for at in range(0, len(lines), 7) for number in found.numbers(lines[at : at + 7]).tolist()]

    names = found.names
    assert [names[number] for number in numbers] == [f"GET /{letter}/{{id}}" for _ in range(40) for letter in "abc"]
    assert len(set(expected)) == 3


_PARTS = st.sampled_from(
    [
        "GET",
        "POST",
        "G",
        " ",
        "  ",
        "/",
        "/items",
        "/17",
        "/1.5",
        "HTTP/1.1",
        "HTTP/2",
        "?a=/3/4",
        "#x",
        ";",
        "http://h",
        "é",
        "/a9",
    ]
)


@given(st.lists(st.lists(_PARTS, max_size=8).map("".join) | st.text(max_size=30), min_size=1, max_size=20))
def test_a_block_of_lines_has_the_routes_of_its_lines(lines: list[str]) -> None:
    requests = [line.encode() for line in lines]
    found = Routes()

    names = [found.names[number] if number != NO_ROUTE else "" for number in found.numbers(requests).tolist()]

    assert names == [route_of(request) for request in requests]


def _users(count: int) -> list[bytes]:
    """Return requests of users with names, in groups of the same form, among those of an application."""
    names = [f"{first}{second}" for first in "abcdefghijklmnopqrst" for second in ("nna", "ert", "ike", "oe.doe", "-x")]
    letters = [f"{name}-{letter}" for letter in "klmnopqrst" for name in names]
    lines = []
    for name in letters[:count]:
        lines += [f"GET /users/{name} HTTP/1.1", f"POST /users/{name}/orders HTTP/1.1", "GET /users/me HTTP/1.1"]
    return [line.encode() for line in [*lines, *(f"GET /api/{word} HTTP/1.1" for word in ("cart", "items", "login"))]]


@pytest.mark.parametrize("count", [CROWD_MIN + 1, 3 * CROWD_MIN, 10 * CROWD_MIN])
@pytest.mark.parametrize("block", [50, 100_000])
def test_names_of_many_users_are_no_routes(count: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "ROUTES_MAX", 300)
    lines = _users(count)
    found = Routes()

    numbers = [
        number for at in range(0, len(lines), block) for number in found.numbers(lines[at : at + block]).tolist()
    ]

    names = found.names
    assert Counter(names[number] for number in numbers) == {
        "GET /users/{id}": count,
        "POST /users/{id}/orders": count,
        "GET /users/me": count,  # a third of the requests in this place: a word of the application
        "GET /api/cart": 1,
        "GET /api/items": 1,
        "GET /api/login": 1,
    }


def test_a_place_with_few_names_keeps_them() -> None:
    found = Routes()
    found.numbers([f"GET /rpc/Method-{'abcdefghij'[n // 10]}{'klmnopqrst'[n % 10]}".encode() for n in range(CROWD_MIN)])

    assert len(set(found.names)) == CROWD_MIN


def test_exact_paths_are_kept_with_their_queries() -> None:
    found = Routes(exact=True)
    found.numbers(
        [b"GET /users/17?q=caf%C3%A9 HTTP/1.1", b"GET https://h:8443/a?b HTTP/1.1", b"OPTIONS * HTTP/1.1", b"-"]
    )

    assert found.names == ["GET /users/17?q=caf%C3%A9", "GET /a?b", "OPTIONS /"]
