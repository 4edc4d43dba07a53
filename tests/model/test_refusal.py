from __future__ import annotations

import pytest

from simulator.model import refusal
from simulator.model.refusal import Refusal

EVERY = [value for value in vars(refusal).values() if isinstance(value, Refusal)]


def test_every_refusal_has_a_name_of_its_own() -> None:
    assert len({row.name for row in EVERY}) == len(EVERY)


@pytest.mark.parametrize("row", EVERY, ids=lambda row: row.name)
def test_a_refusal_is_an_error_to_its_client_or_the_end_of_its_connection(row: Refusal) -> None:
    assert 400 <= row.status <= 599 or (row.status == 0 and "on the wire" in row.name)


def test_an_overflow_is_told_as_too_many_requests() -> None:
    assert (refusal.OVERFLOW.status, refusal.OVERFLOW.body) == (429, "Too Many Requests")


def test_a_lost_instance_is_told_in_envoys_words() -> None:
    assert refusal.TERMINATED.status == 503
    assert refusal.TERMINATED.body == (
        "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
    )
