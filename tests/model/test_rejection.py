from __future__ import annotations

import pytest

from simulator.model import rejection
from simulator.model.rejection import Rejection

EVERY = [value for value in vars(rejection).values() if isinstance(value, Rejection)]


def test_every_rejection_has_a_unique_name() -> None:
    assert len({row.name for row in EVERY}) == len(EVERY)


@pytest.mark.parametrize("row", EVERY, ids=lambda row: row.name)
def test_a_rejection_is_an_error_status_or_the_end_of_the_connection(row: Rejection) -> None:
    assert 400 <= row.status <= 599 or (row.status == 0 and "on the wire" in row.name)


def test_an_overflow_is_reported_as_too_many_requests() -> None:
    assert (rejection.OVERFLOW.status, rejection.OVERFLOW.body) == (429, "Too Many Requests")


def test_a_lost_instance_is_reported_with_the_text_of_envoy() -> None:
    assert rejection.TERMINATED.status == 503
    assert rejection.TERMINATED.body == (
        "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
    )
