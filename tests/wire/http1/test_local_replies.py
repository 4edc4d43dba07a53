from __future__ import annotations

import pytest

from simulator.model.rejection import CONNECT_FAILURE, NO_ROUTE, OVERFLOW, TERMINATED, TIMEOUT
from simulator.wire.http1.local_replies import LocalReply, rejected


@pytest.mark.parametrize(
    ("rejection", "start", "body"),
    [
        (OVERFLOW, b"HTTP/1.1 429 Too Many Requests\r\n", b"Too Many Requests"),
        (TIMEOUT, b"HTTP/1.1 504 Gateway Timeout\r\n", b"upstream request timeout"),
        (
            TERMINATED,
            b"HTTP/1.1 503 Service Unavailable\r\n",
            b"upstream connect error or disconnect/reset before headers. reset reason: connection termination",
        ),
        (
            CONNECT_FAILURE,
            b"HTTP/1.1 503 Service Unavailable\r\n",
            (
                b"upstream connect error or disconnect/reset before headers. reset reason: connection failure, "
                b"transport failure reason: delayed connect error: 111"
            ),
        ),
    ],
)
def test_a_rejection_has_the_form_that_clients_of_app_runner_get(rejection: object, start: bytes, body: bytes) -> None:
    answer = rejected(rejection).render(1, b"server: envoy\r\n", head_only=False, close=False)  # type: ignore[arg-type]
    assert answer.startswith(start)
    assert answer.endswith(b"content-length: %d\r\nserver: envoy\r\n\r\n%b" % (len(body), body))
    assert b"content-type: text/plain\r\n" in answer


def test_the_response_for_an_unknown_host_is_empty_and_chunked() -> None:
    answer = rejected(NO_ROUTE).render(1, b"", head_only=False, close=False)
    assert answer == b"HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"


def test_http_1_0_gets_a_length_instead_of_chunks() -> None:
    answer = rejected(NO_ROUTE).render(0, b"", head_only=False, close=True)
    assert answer == b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def test_a_response_to_head_has_a_length_but_no_body() -> None:
    answer = LocalReply(400, b"why").render(1, b"", head_only=True, close=False)
    assert answer == b"HTTP/1.1 400 Bad Request\r\ncontent-length: 3\r\n\r\n"
