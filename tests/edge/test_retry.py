"""Requests whose instance accepts no connection."""

from __future__ import annotations

import pytest

from simulator.model.data_plane import DataPlaneLimits
from simulator.model.rejection import CONNECT_FAILURE, CONNECT_TIMEOUT, TERMINATED, Rejection
from tests.edge.front import OK, FakeInstance, Front, body_of, request, status_of, values_of


def front_with_others(
    count: int, *, rejects: Rejection | None = CONNECT_FAILURE, others: Rejection | None = None
) -> Front:
    """Return a front whose first instance has `rejects`, with `count` other instances that have `others`."""
    front = Front()
    front.instance.rejects = rejects
    for _ in range(count):
        other = FakeInstance(front.limits)
        other.rejects = others
        front.upstream.others.append(other)
    return front


@pytest.mark.parametrize("why", [CONNECT_FAILURE, CONNECT_TIMEOUT])
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_an_unsent_request_goes_to_another_instance(method: bytes, why: Rejection) -> None:
    front = front_with_others(1, rejects=why)
    other = front.upstream.others[0]
    front.send(request(method, b"/x", b"Content-Length: 4", body=b"body"))
    assert other.transport.take().startswith(method + b" /x HTTP/1.1\r\n")
    other.answer(OK)
    assert body_of(front.received()) == b"ok"
    assert (front.upstream.offered, front.upstream.finished, front.upstream.broken) == (1, 1, 0)


def test_a_request_is_tried_on_three_instances_at_most() -> None:
    front = front_with_others(5, others=CONNECT_FAILURE)
    front.send(request())
    answer = front.received()
    assert status_of(answer) == 503
    assert b"reset reason: connection failure" in body_of(answer)
    assert len(front.upstream.others) == 3  # two of five were tried
    assert (front.upstream.broken, front.upstream.in_flight) == (1, 0)


def test_the_number_of_attempts_is_a_limit() -> None:
    front = Front(DataPlaneLimits(attempts_max=1))
    front.instance.rejects = CONNECT_FAILURE
    front.upstream.others.append(FakeInstance(front.limits))
    front.send(request())
    assert status_of(front.received()) == 503


def test_a_connection_that_is_not_opened_in_time_has_the_connect_timeout_text() -> None:
    front = front_with_others(0, rejects=CONNECT_TIMEOUT)
    front.send(request())
    assert body_of(front.received()).endswith(b"reset reason: connection timeout")


def test_the_connection_stays_open_after_a_request_without_a_reachable_instance() -> None:
    front = front_with_others(0)
    front.send(request())
    assert values_of(front.received(), b"connection") == []
    front.instance.rejects = None
    front.send(request())
    front.answer()
    assert status_of(front.received()) == 200


def test_a_request_that_may_have_been_read_is_not_sent_to_another_instance() -> None:
    front = front_with_others(1, rejects=None)
    front.send(request(b"POST", b"/", b"Content-Length: 1", body=b"x"))
    front.instance.links[-1].reject(TERMINATED)
    assert status_of(front.received()) == 503
    assert len(front.upstream.others) == 1


def test_a_body_that_arrives_while_instances_are_tried_is_kept_for_the_one_that_responds() -> None:
    front = front_with_others(1, rejects=None)
    front.instance.connects_at_once = False
    other = front.upstream.others[0]
    front.send(request(b"PUT", b"/", b"Content-Length: 6", body=b"abc"))
    front.send(b"def")
    front.instance.links[-1].reject(CONNECT_FAILURE)
    assert body_of(other.transport.take()) == b"abcdef"


def test_a_retry_whose_connection_is_rejected_goes_to_another_instance() -> None:
    """The instance has ended: its idle connection is closed, and a new one is rejected."""
    front = Front()
    front.send(request())
    front.answer()
    front.received()
    other = FakeInstance(front.limits)
    front.upstream.others.append(other)
    front.instance.rejects = CONNECT_FAILURE
    front.send(request())
    front.instance.links[0].connection_lost(None)
    other.answer(OK)
    assert status_of(front.received()) == 200


def test_a_request_that_is_not_idempotent_is_not_sent_again_if_its_idle_connection_is_closed() -> None:
    front = Front()
    front.send(request())
    front.answer()
    front.received()
    front.upstream.others.append(FakeInstance(front.limits))
    front.send(request(b"POST", b"/", b"Content-Length: 1", body=b"x"))
    front.instance.links[0].connection_lost(None)
    assert status_of(front.received()) == 503
    assert len(front.upstream.others) == 1


def test_a_body_is_kept_for_an_instance_that_has_to_be_activated() -> None:
    """The request moves within `begin` to an instance that is not active yet, so its body must be kept."""
    front = front_with_others(1)
    other = front.upstream.others[0]
    front.upstream.redispatches_later = True
    front.send(request(b"PUT", b"/", b"Content-Length: 3", body=b"abc"))
    front.upstream.moved.popleft().begin()
    assert body_of(other.transport.take()) == b"abc"
