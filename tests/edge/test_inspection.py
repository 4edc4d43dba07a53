"""The part of a live request that a web ACL inspects, and when."""

from __future__ import annotations

from simulator.edge.exchange import LiveExchange
from simulator.fleet.exchange import PooledExchange
from simulator.rules.waf.web_request import WebRequest
from tests.edge.front import HOST, Front, request


def seen_of(data: bytes, body_bytes_max: int = 16, peer: bytes = b"192.0.2.7") -> WebRequest:
    front = Front()
    front.connection.peer = peer
    front.upstream.holds = True
    front.send(data)
    exchange: PooledExchange = front.upstream.waiting[0]
    assert isinstance(exchange, LiveExchange)
    return exchange.web_request(body_bytes_max)


def test_the_inspected_head_is_that_of_the_client() -> None:
    seen = seen_of(request(b"PUT", b"/a%2Fb?c=d", b"X-Forwarded-For: 192.0.2.1", b"Accept:  */* ", b"Te: gzip"))

    assert (seen.method, seen.path, seen.query, seen.client) == (b"PUT", b"/a%2Fb", b"c=d", "192.0.2.7")
    assert seen.field(b"host") == HOST
    assert seen.field(b"x-forwarded-for") == b"192.0.2.1"
    assert seen.field(b"accept") == b"*/*"
    assert (seen.body, seen.is_cut) == (b"", False)


def test_only_the_first_bytes_of_the_body_are_inspected() -> None:
    exact = seen_of(request(b"POST", b"/", b"Content-Length: 16", body=b"." * 16))
    longer = seen_of(request(b"POST", b"/", b"Content-Length: 17", body=b"." * 17))

    assert (len(exact.body), exact.is_cut) == (16, False)
    assert (len(longer.body), longer.is_cut) == (16, True)


def test_a_held_request_proceeds_when_its_body_is_complete_or_long_enough() -> None:
    for length, sent, proceeds in ((100, 16, False), (100, 17, True), (10, 9, False), (10, 10, True)):
        front = Front()
        front.upstream.holds = True
        front.send(request(b"POST", b"/", b"Content-Length: %d" % length))
        exchange, told = front.upstream.waiting[0], list[bool]()

        assert exchange.hold(16, lambda told=told: told.append(True))  # type: ignore[misc]
        front.send(b"." * sent)

        assert told == ([True] if proceeds else []), (length, sent)


def test_a_client_of_this_machine_states_its_address_in_a_field_that_rules_do_not_inspect() -> None:
    for peer, stated, expected in (
        (b"127.0.0.1", b"203.0.113.9", "203.0.113.9"),
        (b"::1", b"2001:db8::1", "2001:db8::1"),
        (b"127.0.0.1", b"elsewhere", "127.0.0.1"),
    ):
        seen = seen_of(request(b"GET", b"/", b"X-Simulator-Client: " + stated), peer=peer)
        assert seen.client == expected
        assert seen.field(b"x-simulator-client") is None


def test_a_client_elsewhere_has_the_address_of_its_connection_whatever_it_states() -> None:
    seen = seen_of(request(b"GET", b"/", b"X-Simulator-Client: 203.0.113.9"))
    assert seen.client == "192.0.2.7"
    assert seen.field(b"x-simulator-client") == b"203.0.113.9"
