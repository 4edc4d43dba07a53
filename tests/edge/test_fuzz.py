"""The fuzzer, for the duration of a test; `python -m tests.edge.fuzz --inputs 1000000` runs longer."""

from __future__ import annotations

import pytest

from tests.edge.fuzz import BATCH, Tally, run_batch
from tests.edge.fuzz_checks import check_requests, check_response
from tests.edge.malformed_messages import Case, MalformedMessages


def fuzz(seed: int, batches: int) -> Tally:
    stats = Tally()
    for batch in range(batches):
        run_batch(seed, batch, stats)
    return stats


@pytest.mark.row(48)
def test_no_generated_message_crashes_hangs_or_is_read_in_two_ways() -> None:
    stats = fuzz(seed=1, batches=2)
    # Many of both kinds are forwarded, so not only their first byte is checked.
    assert stats.forwarded > 0.15 * stats.inputs
    assert stats.passed > 0.15 * stats.inputs


# Every input that has ever violated a rule, in the order of discovery, with a comment about the violation.
FOUND_REQUESTS = [
    # HTTP/1.2 was accepted as 1.1, which llhttp rejects: two parsers differed.
    Case(
        b"HEAD /a?b HTTP/1.2\r\nHost: abcdefghij.eu-west-1.awsapprunner.localhost\r\nContent-Length: 0\r\n\r\n"
        b"OPTIONS / HTTP/1.2\r\nHost: abcdefghij.eu-west-1.awsapprunner.localhost\r\nTransf;-Encoding: chunked\r\n"
        b"Connection: keep-alive\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
        (50,),
        b"GET",
        b"1.1",
    ),
]
FOUND_ANSWERS = [
    # A tab after the blank was treated as white space, and was missing in the reason.
    Case(
        b"HTTP/1.1 200 \tK\r\nContent-Length: 40\r\n\r\nGET /hidden HTTP/1.1\r\nHost: abcdefghij\r\n",
        (27,),
        b"GET",
        b"1.0",
    ),
]


@pytest.mark.row(48)
@pytest.mark.parametrize("case", FOUND_REQUESTS)
def test_no_request_found_earlier_is_read_in_two_ways(case: Case) -> None:
    check_requests(case)


@pytest.mark.row(48)
@pytest.mark.parametrize("case", FOUND_ANSWERS)
def test_no_response_found_earlier_reaches_the_client_changed(case: Case) -> None:
    check_response(case)


@pytest.mark.slow
@pytest.mark.row(48)
def test_no_generated_message_of_a_longer_search_violates_a_rule() -> None:
    assert fuzz(seed=2, batches=80).inputs == 80 * BATCH


def test_the_same_seed_makes_the_same_messages() -> None:
    first, again, other = (MalformedMessages(seed, 0) for seed in (1, 1, 2))
    messages = [[each.requests() for _ in range(20)] for each in (first, again, other)]
    assert messages[0] == messages[1]
    assert messages[0] != messages[2]
