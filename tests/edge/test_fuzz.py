"""The fuzzer, for as long as a test may take; `python -m tests.edge.fuzz --inputs 1000000` is the long run."""

from __future__ import annotations

import pytest

from tests.edge.fuzz import BATCH, Tally, run_batch
from tests.edge.judge import judge_answer, judge_requests
from tests.edge.nasty import Case, Nasty


def fuzz(seed: int, batches: int) -> Tally:
    stats = Tally()
    for batch in range(batches):
        run_batch(seed, batch, stats)
    return stats


@pytest.mark.row(48)
def test_no_generated_message_crashes_hangs_or_is_read_in_two_ways() -> None:
    stats = fuzz(seed=1, batches=2)
    # Both kinds get through in numbers, so it is not the first byte that is judged all the time.
    assert stats.forwarded > 0.15 * stats.inputs
    assert stats.passed > 0.15 * stats.inputs


# Every input that has ever broken a rule, in the order in which they were found; what it was stands beside it.
FOUND_REQUESTS = [
    # HTTP/1.2 taken for 1.1, which llhttp rejects: two parsers that disagree.
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
    # A tab behind the blank was taken for more of the blank, and lost to the reason.
    Case(
        b"HTTP/1.1 200 \tK\r\nContent-Length: 40\r\n\r\nGET /hidden HTTP/1.1\r\nHost: abcdefghij\r\n",
        (27,),
        b"GET",
        b"1.0",
    ),
]


@pytest.mark.row(48)
@pytest.mark.parametrize("case", FOUND_REQUESTS)
def test_no_request_that_was_found_once_is_read_in_two_ways(case: Case) -> None:
    judge_requests(case)


@pytest.mark.row(48)
@pytest.mark.parametrize("case", FOUND_ANSWERS)
def test_no_answer_that_was_found_once_reaches_the_client_changed(case: Case) -> None:
    judge_answer(case)


@pytest.mark.slow
@pytest.mark.row(48)
def test_no_generated_message_of_a_longer_search_does_either() -> None:
    assert fuzz(seed=2, batches=80).inputs == 80 * BATCH


def test_the_same_seed_makes_the_same_messages() -> None:
    first, again, other = (Nasty(seed, 0) for seed in (1, 1, 2))
    messages = [[each.requests() for _ in range(20)] for each in (first, again, other)]
    assert messages[0] == messages[1]
    assert messages[0] != messages[2]
