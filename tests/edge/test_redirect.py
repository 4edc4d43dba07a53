"""The decisions of the plain-HTTP port: where a client is redirected, and which requests are not redirected."""

from __future__ import annotations

import pytest

from simulator.edge.redirect import Redirect
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.times import LoopTime
from simulator.wire.http1.local_replies import LocalReply
from simulator.wire.http1.request import read_request


def decided(message: bytes, port: int = 8443, *, known: bytes = b"web.test") -> LocalReply:
    limits = DataPlaneLimits()
    redirect = Redirect(
        port, limits, clock=lambda: LoopTime(0.0), epoch_s=lambda: 0.0, knows=lambda host: host in {known, b"localhost"}
    )
    return redirect.decide(read_request(message, limits), "")


def get(host: bytes, target: bytes = b"/a?b=1") -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (target, host)


@pytest.mark.parametrize(
    ("host", "port", "location"),
    [
        (b"web.test", 8443, b"location: https://web.test:8443/a?b=1\r\n"),
        (b"web.test:8080", 443, b"location: https://web.test/a?b=1\r\n"),
        (b"WEB.test.", 443, b"location: https://web.test/a?b=1\r\n"),
        (b"127.0.0.1:8080", 8443, b"location: https://127.0.0.1:8443/a?b=1\r\n"),
    ],
)
def test_a_known_or_loopback_host_is_redirected_with_its_target(host: bytes, port: int, location: bytes) -> None:
    reply = decided(get(host), port)
    assert (reply.status, reply.fields) == (301, location)


def test_an_unknown_host_is_not_redirected() -> None:
    reply = decided(get(b"evil.example"))
    assert reply.status == 404
    assert b"location" not in reply.fields


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"TRACE / HTTP/1.1\r\nHost: web.test\r\n\r\n", 501),
        (b"GET / HTTP/1.0\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: web.test\r\n\r\n", 301),
    ],
)
def test_a_request_that_cannot_be_redirected_has_its_status(message: bytes, status: int) -> None:
    assert decided(message).status == status
