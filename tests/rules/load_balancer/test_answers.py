from __future__ import annotations

import pytest

from simulator.model import rejection as rejections
from simulator.model.rejection import Rejection
from simulator.records.request_log import is_failure
from simulator.rules.load_balancer.answers import load_balancer_answer


@pytest.mark.parametrize(
    ("rejection", "status", "title"),
    [
        (rejections.UNAVAILABLE, 503, "503 Service Temporarily Unavailable"),
        (rejections.TIMEOUT, 504, "504 Gateway Time-out"),
        (rejections.CLIENT_SILENT, 408, "408 Request Time-out"),
        (rejections.CONNECT_FAILURE, 502, "502 Bad Gateway"),
        (rejections.CONNECT_TIMEOUT, 504, "504 Gateway Time-out"),
        (rejections.TERMINATED, 502, "502 Bad Gateway"),
        (rejections.BAD_ANSWER, 502, "502 Bad Gateway"),
    ],
)
def test_the_load_balancer_answers_with_its_own_status_and_page(rejection: Rejection, status: int, title: str) -> None:
    answer = load_balancer_answer(rejection)
    assert answer.status == status
    assert f"<title>{title}</title>" in answer.body
    assert dict(answer.fields) == {"content-type": "text/html"}
    assert answer.name == rejection.name


def test_a_client_that_leaves_is_460_and_a_failure() -> None:
    answer = load_balancer_answer(rejections.CLIENT_GONE)
    assert (answer.status, answer.body) == (460, "")
    assert is_failure(460)


def test_other_rejections_are_unchanged() -> None:
    assert load_balancer_answer(rejections.WAF_BLOCKED) is rejections.WAF_BLOCKED
