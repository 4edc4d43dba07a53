"""The fuzzer, for as long as a test may take; `python -m tests.edge.fuzz --inputs 1000000` is the long run."""

from __future__ import annotations

import pytest

from tests.edge.fuzz import BATCH, Tally, run_batch
from tests.edge.nasty import Nasty


def fuzz(seed: int, batches: int) -> Tally:
    tally = Tally()
    for batch in range(batches):
        run_batch(seed, batch, tally)
    return tally


@pytest.mark.row(48)
def test_no_nasty_message_crashes_hangs_or_is_read_in_two_ways() -> None:
    tally = fuzz(seed=1, batches=2)
    # Both kinds get through in numbers, so it is not the first byte that is judged all the time.
    assert tally.forwarded > 0.15 * tally.inputs
    assert tally.passed > 0.15 * tally.inputs


@pytest.mark.slow
@pytest.mark.row(48)
def test_no_nasty_message_in_a_longer_search_does_either() -> None:
    assert fuzz(seed=2, batches=80).inputs == 80 * BATCH


def test_the_same_seed_makes_the_same_messages() -> None:
    first, again, other = (Nasty(seed, 0) for seed in (1, 1, 2))
    messages = [[each.requests() for _ in range(20)] for each in (first, again, other)]
    assert messages[0] == messages[1]
    assert messages[0] != messages[2]
