from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.world.random_streams import RandomStreams

NAMES = st.lists(st.text(max_size=8) | st.integers(), min_size=1, max_size=4)
SEEDS = st.integers(0, 2**128 - 1)


@given(SEEDS, NAMES)
def test_the_same_seed_and_name_give_the_same_draws(seed: int, name: list[object]) -> None:
    first, second = (RandomStreams(seed).stream(*name).random(3).tolist() for _ in range(2))
    assert first == second


@given(SEEDS, NAMES, NAMES)
def test_another_name_gives_other_draws(seed: int, name: list[object], other: list[object]) -> None:
    streams = RandomStreams(seed)
    same = [str(part) for part in name] == [str(part) for part in other]
    draws = [int(streams.stream(*which).integers(2**62)) for which in (name, other)]
    assert (draws[0] == draws[1]) is same


@given(SEEDS, SEEDS)
def test_another_seed_gives_other_draws(seed: int, other: int) -> None:
    first, second = (int(RandomStreams(number).stream("traffic").integers(2**62)) for number in (seed, other))
    assert (first == second) is (seed == other)


def test_a_draw_from_one_stream_does_not_change_another() -> None:
    alone = RandomStreams(1).stream("service", "web").random()
    streams = RandomStreams(1)
    streams.stream("traffic").random(1000)
    assert streams.stream("service", "web").random() == alone


@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_the_draws_do_not_depend_on_the_hash_seed_of_the_interpreter(hash_seed: str) -> None:
    program = (
        "from simulator.world.random_streams import RandomStreams; streams = RandomStreams(7); "
        "print(streams.stream('a', 1).integers(2**62), streams.identifier('b'))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},  # noqa: TID251 a child needs its parent's environment
        check=True,
        capture_output=True,
        text=True,
    )
    here = RandomStreams(7)
    assert answer.stdout.split() == [str(here.stream("a", 1).integers(2**62)), here.identifier("b")]


@given(st.integers(1, 128))
def test_an_identifier_has_the_given_number_of_hexadecimal_digits(length: int) -> None:
    identifier = RandomStreams(3).identifier("operation", 1, length=length)
    assert len(identifier) == length
    assert set(identifier) <= set("0123456789abcdef")


def test_identifiers_of_different_things_differ() -> None:
    streams = RandomStreams(3)
    assert len({streams.identifier("operation", number) for number in range(1000)}) == 1000


@pytest.mark.parametrize("seed", [-1, 2**128])
def test_a_seed_out_of_range_is_an_assertion_error(seed: int) -> None:
    with pytest.raises(AssertionError):
        RandomStreams(seed)
